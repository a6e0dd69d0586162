"""What Twilio tells us, as events: messages, opt-outs, and word of what we sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from connectors.api import Malformed, Reply, Request
from connectors.twilio.addresses import LONGEST, WHATSAPP, alias_of, canonical, identity_of
from connectors.twilio.answers import redacted
from connectors.twilio.codes import REASONS
from connectors.twilio.content import content, referral
from connectors.twilio.forms import Form, form_of
from connectors.twilio.keywords import change_of
from connectors.twilio.settings import Settings
from normalizer.event import Event, MessageReceived, ReachChanged, Reacted, ReceiptReceived
from normalizer.model import Failure

FREE_ENTRY, POSTS = timedelta(hours=72), ("ad", "post")
"""For how long we may write freely on WhatsApp to somebody who came by an advertisement or a post, and what those are."""

RECEIVED = ("", "received", "receiving")
"""The status of what comes in."""

STATUSES: dict[str, Literal["sent", "delivered", "read", "failed"]] = {
    "accepted": "sent", "scheduled": "sent", "queued": "sent", "sending": "sent", "sent": "sent",
    "partially_delivered": "sent", "delivered": "delivered", "read": "read", "failed": "failed", "undelivered": "failed", "canceled": "failed",
}  # fmt: skip
"""What becomes of a message. https://www.twilio.com/docs/messaging/api/message-resource#message-status-values

``sent`` is ours for what Twilio has taken; a later word tells more.
"""


def parse(request: Request, settings: Settings) -> list[Event]:
    """The events of one request; raises Malformed. Twilio tells no times: a thing happened when we heard of it."""
    try:
        form = form_of(request)
    except ValueError:
        raise Malformed("body: not a form") from None
    sid = form["MessageSid"] or form["SmsSid"] or form["SmsMessageSid"]
    if not sid or len(sid) > LONGEST:
        raise Malformed("MessageSid: Field required")
    status = (form["MessageStatus"] or form["SmsStatus"]).lower()
    return _said(form, sid, request, settings) if status in RECEIVED else _receipt(form, sid, status, request, settings)


def reply(request: Request, settings: Settings) -> Reply:  # noqa: ARG001 - the same to everybody
    """TwiML that does nothing: any other text would go to the customer. https://www.twilio.com/docs/messaging/twiml"""
    return Reply(body="<Response></Response>", content_type="text/xml")


def _said(form: Form, sid: str, request: Request, settings: Settings) -> list[Event]:
    """A message; beside it an opt-out, if it is one."""
    identity = identity_of(form["From"])
    if not identity:
        raise Malformed("From: Field required")
    told = {"to": _our_end(form, "To", settings), "identity": identity, "name": form["ProfileName"]}
    on = form["OriginalRepliedMessageSid"]
    if form["MessageType"].lower() == "reaction" and on:
        emojis = (form["Body"],) if form["Body"] else ()
        return [Reacted(id=f"reaction:{sid}", **told, provider_id=on, emojis=emojis, at=request.received_at)]
    parts, raw = content(form)
    events: list[Event] = [
        MessageReceived(
            id=f"message:{sid}",
            **told,
            sent_at=request.received_at,
            parts=parts,
            provider_ids=(sid,),
            reply_to="" if parts[0].kind == "choice" else on,
            aliases=alias_of(form["From"], form["WaId"], form["ExternalUserId"] or form["ExternalUserIdentifier"]),
            window_until=request.received_at + FREE_ENTRY if _by_advertisement(form) else None,
            referral=referral(form),
            raw=raw,
        )
    ]
    by_words = settings.opt_out_words and not form["From"].startswith(WHATSAPP)  # there Twilio stops nothing by itself
    change = change_of(form, by_words=by_words)
    if change is not None:
        events.append(ReachChanged(id=f"reach:{sid}", **told, change=change, at=request.received_at))
    return events


def _by_advertisement(form: Form) -> bool:
    """Whether somebody came by an advertisement or a post of ours on WhatsApp."""
    return form["From"].startswith(WHATSAPP) and bool(form["ReferralCtwaClid"] or form["ReferralSourceType"] in POSTS)


def _receipt(form: Form, sid: str, status: str, request: Request, settings: Settings) -> list[Event]:
    """What became of a message of ours; nothing for a word that says nothing."""
    means = STATUSES.get(status)
    if means is None:
        return []
    receipt = ReceiptReceived(
        id=f"receipt:{sid}:{status}",
        to=_our_end(form, "From", settings),
        provider_id=sid,
        ref=request.query.get("ref", ""),
        identity=identity_of(form["To"]),
        status=means,
        failure=_failure(form, status) if means == "failed" else None,
    )
    return [receipt]


def _failure(form: Form, status: str) -> Failure:
    code = form["ErrorCode"]
    known = int(code) if code.isascii() and code.isdigit() and len(code) < 6 else 0  # noqa: PLR2004 - they have five
    words = redacted(form["ErrorMessage"] or form["ChannelStatusMessage"])
    return Failure(
        reason=REASONS.get(known, "unknown"),
        detail=": ".join(filter(None, (status, words))),
        provider_code=str(known) if known else "",
    )


def _our_end(form: Form, field: str, settings: Settings) -> str:
    """Which of our ends it is about, as the configuration names them: the number, or the pool that it is in."""
    address = canonical(form[field])
    if settings.sender or not form["MessagingServiceSid"]:
        return address
    whatsapp = form["From"].startswith(WHATSAPP) or form["To"].startswith(WHATSAPP)
    return f"{WHATSAPP if whatsapp else ''}{form['MessagingServiceSid']}"
