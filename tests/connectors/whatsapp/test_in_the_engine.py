"""The connector at work: webhooks to a conversation, an answer to calls, receipts and a new number to the same person."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toys.engine import Engine, engine
from toys.world import ToyHttp

from connectors.api import Answer, Call, Request
from connectors.whatsapp import Settings, connector
from gateway.config import Account
from gateway.taking import Heard, shares
from normalizer.model import Location

SETTINGS = Settings.model_validate(
    {
        "name": "support", "connector": "whatsapp", "phone_number_id": "123", "token": "made-up-token",
        "app_secret": "made-up-app-secret", "verify_token": "made-up-verify-token",
    }
)  # fmt: skip
ACCOUNT = Account("support", connector, SETTINGS)
ANN = {"from": "33612345678", "from_user_id": "FR.1", "timestamp": "1795338000"}


async def hear(world: Engine, **value: Any) -> None:
    """A webhook of Meta."""
    told = {"metadata": {"phone_number_id": "123"}, **value}
    body = json.dumps({"entry": [{"changes": [{"field": "messages", "value": told}]}]}).encode()
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    request = Request("POST", "https://chat.example.com/hooks/support", {}, now, body=body)
    for share in shares(Heard(request, "support", [ACCOUNT], "req_test")):
        assert share.account is ACCOUNT, share.why
        await world.intake.take(ACCOUNT, share.events, "req_test")


def answered(call: Call) -> Answer:
    number = len(call.json["biz_opaque_callback_data"])
    return Answer(200, {}, json.dumps({"messages": [{"id": f"wamid.ours.{number}.{call.part}"}]}).encode())


async def test_a_conversation(tmp_path: Path) -> None:
    async with engine(tmp_path / "x.db", ToyHttp(otherwise=answered), {"support": ACCOUNT}) as world:
        await hear(world, messages=[ANN | {"id": "wamid.1", "type": "text", "text": {"body": "where are you?"}}])
        [conversation] = await world.conversations()
        delivery = world.delivery()
        await delivery.start()
        said = await world.say(conversation, "here", Location(latitude=48.85, longitude=2.35), reply_to=None)
        sent = await world.becomes(said, "sent")
        await delivery.stop()
        assert [call.json["recipient"] for call in world.http.calls] == ["FR.1", "FR.1"]
        for name in sent.provider_ids:
            await hear(world, statuses=[{"id": name, "status": "read", "timestamp": "1795338001"}])
        assert await world.status(said) == "read"

        change = {"type": "user_changed_number", "wa_id": "33698765432", "user_id": "FR.2", "previous_user_id": "FR.1"}
        await hear(world, messages=[ANN | {"id": "wamid.2", "type": "system", "system": change}])
        later = {"from": "33698765432", "from_user_id": "FR.2", "timestamp": "1795338002"}
        await hear(world, messages=[later | {"id": "wamid.3", "type": "text", "text": {"body": "it is me"}}])
        assert await world.conversations() == [conversation]
