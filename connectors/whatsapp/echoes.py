"""What our side wrote in the WhatsApp Business app, to events.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/smb_message_echoes
"""

from __future__ import annotations

from typing import Any

from connectors.api import Malformed
from connectors.whatsapp.around import Around, read
from connectors.whatsapp.content import content
from connectors.whatsapp.dialect import Message
from connectors.whatsapp.received import changed, name_of
from normalizer.event import Echoed, Event

TOOL = "WhatsApp Business app"


def echoed(item: Any, around: Around) -> Event | None:
    """What an item of ``message_echoes`` says; None for reactions and groups. Raises Malformed if it names nobody."""
    said, raw = read(Message, item)
    if said.group_id or said.kind == "reaction":
        return None
    customer = around.people.person(said.to, said.to_user_id, said.to_parent_user_id)
    if customer is None:
        raise Malformed("message: to cannot be read")
    change = changed(said, raw, customer, around)
    if change is not None:
        return change
    name = name_of(said, raw)
    return Echoed(
        id=f"echo:{name}",
        to=around.to,
        identity=customer.identity,
        name=TOOL,
        sent_at=around.time(said.timestamp),
        parts=content(said, raw)[0],
        provider_ids=(name,),
    )
