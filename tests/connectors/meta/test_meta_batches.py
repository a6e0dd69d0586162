"""Every level of every batch is walked: what must come is worked out beside it, from how the batch was made."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.api import Connector, Malformed, Request
from connectors.instagram import connector as instagram
from connectors.messenger import connector as messenger
from connectors.meta.settings import Settings
from normalizer.event import Event
from normalizer.fit import fit
from normalizer.model import Choices, Media, Option, Text

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
SECRETS = {"token": "x", "app_secret": "y", "verify_token": "z"}
PAGE: Settings = messenger.settings.model_validate(
    {"name": "page", "connector": "messenger", "page_id": "1", **SECRETS}
)
INSTA: Settings = instagram.settings.model_validate(
    {"name": "insta", "connector": "instagram", "account_id": "2", **SECRETS}
)


@dataclass(frozen=True)
class Made:
    """An item of a batch, and the ids of the events that it must bring (None: it cannot be read)."""

    item: Any
    ids: tuple[str, ...] | None


def _item(who: str, us: str, number: int, **said: Any) -> dict[str, Any]:
    return {"sender": {"id": who}, "recipient": {"id": us}, "timestamp": 1790000000000 + number, **said}


def _makers(us: str, number: int) -> list[Made]:
    """One of each sort, named by its number."""
    mid, who, mark = f"m_{number}", f"90{number}", 1790000000000 + number
    return [
        Made(_item(who, us, number, message={"mid": mid, "text": f"é {number}"}), (f"message:{mid}",)),
        Made(_item(who, us, number, message={"mid": mid, "attachments": [{"type": 5}]}), (f"message:{mid}",)),
        Made(_item(us, who, number, message={"mid": mid, "is_echo": True, "text": "x"}), (f"echo:{mid}",)),
        Made(_item(who, us, number, message={"mid": mid, "is_deleted": True}), (f"deletion:{mid}",)),
        Made(_item(who, us, number, message_edit={"mid": mid, "text": "x", "num_edit": 1}), (f"edit:{mid}:1",)),
        Made(_item(who, us, number, postback={"mid": mid, "title": "x", "payload": "y"}), (f"postback:{mid}",)),
        Made(_item(who, us, number, reaction={"mid": mid, "emoji": "❤"}), (f"reaction:{mid}:{who}:{mark}",)),
        Made(_item(who, us, number, delivery={"mids": [mid, f"{mid}b"]}), (f"delivered:{mid}", f"delivered:{mid}b")),
        Made(_item(who, us, number, read={"watermark": mark}), (f"read_until:{who}:{mark}",)),
        Made(_item(who, us, number, referral={"ref": "x"}), (f"referral:{who}:{mark}",)),
        Made(_item(who, us, number, surprise={}), (f"other:{who}:{mark}",)),
        Made(_item(who, us, number, take_thread_control={"previous_owner_app_id": "1"}), ()),
        Made({"timestamp": 1, "message": {"mid": mid, "text": "x"}}, None),
        Made(number, None),
    ]


@st.composite
def batches(draw: st.DrawFn, us: str) -> list[tuple[list[Made], list[Made], bool]]:
    """Entries: what is in their ``messaging``, in their ``standby``, and whether they hold comments as well."""
    number = 0
    entries = []
    for _ in range(draw(st.integers(1, 4))):
        places: list[list[Made]] = [[], []]
        for place in places:
            for _ in range(draw(st.integers(0, 3))):
                number += 1
                place.append(draw(st.sampled_from(_makers(us, number))))
        entries.append((places[0], places[1], draw(st.booleans())))
    return entries


def _written(kind: str, us: str, entries: list[tuple[list[Made], list[Made], bool]]) -> bytes:
    told = []
    for messaging, standby, comments in entries:
        entry: dict[str, Any] = {"id": us, "time": 1790000000000}
        entry |= {"messaging": [one.item for one in messaging]} if messaging else {}
        entry |= {"standby": [one.item for one in standby]} if standby else {}
        told.append(entry | ({"changes": []} if comments else {}))
    return json.dumps({"object": kind, "entry": told}).encode()


def _read(body: bytes, account: Settings) -> list[Event] | None:
    connector: Connector[Any] = messenger if account is PAGE else instagram
    try:
        return list(connector.parse(Request("POST", "", {}, AT, body=body), account))
    except Malformed:
        return None


def _holds(entries: list[tuple[list[Made], list[Made], bool]], settings: Settings) -> None:
    us = settings.address
    made = [one for messaging, standby, _ in entries for one in (*messaging, *standby)]
    expected = [event_id for one in made for event_id in one.ids or ()]
    lost = any(one.ids is None for one in made) or any(not (*a, *b) and not comments for a, b, comments in entries)
    events = _read(_written(settings.OBJECT, us, entries), settings)
    if not expected and lost:
        assert events is None
        return
    assert events is not None
    assert [event.id for event in events] == expected
    assert {event.to for event in events} <= {us}


@settings(max_examples=50)
@given(batches("1"))
def test_all_of_a_batch_of_messenger_arrives(entries: list[tuple[list[Made], list[Made], bool]]) -> None:
    _holds(entries, PAGE)


@settings(max_examples=50)
@given(batches("2"))
def test_all_of_a_batch_of_instagram_arrives(entries: list[tuple[list[Made], list[Made], bool]]) -> None:
    _holds(entries, INSTA)


@settings(max_examples=50)
@given(batches("1"))
def test_behind_a_shared_hook_each_takes_only_its_own(entries: list[tuple[list[Made], list[Made], bool]]) -> None:
    assert _read(_written("instagram", "2", entries), PAGE) == []
    assert _read(_written("page", "1", entries), INSTA) == []
    assert _read(_written("whatsapp_business_account", "1", entries), PAGE) == []


@given(st.sampled_from(_makers("1", 7)[:11]))
def test_pages_behind_one_hook_are_told_apart(made: Made) -> None:
    ours = {"object": "page", "entry": [{"id": "1", "messaging": [made.item]}]}
    text = json.dumps(ours).replace('"id": "1"', '"id": "77"')
    for event in _read(text.encode(), PAGE) or ():
        assert event.to == "77"
        assert getattr(event, "identity", "messenger:77:907") == "messenger:77:907"


# What is sent arrives within Meta's limits.


@settings(max_examples=30)
@given(st.text(st.sampled_from("aé🎉👨‍👩‍👧 \n"), min_size=1, max_size=700).filter(str.strip))
def test_a_text_for_instagram_is_cut_by_bytes_and_loses_nothing(text: str) -> None:
    fitted = fit([Text(text=text * 3)], instagram.limits)
    told = [part.text for part in fitted.parts if isinstance(part, Text)]
    assert all(len(one.encode()) <= 1000 for one in told)
    assert "".join("".join(told).split()) == "".join((text * 3).split())


def test_a_text_for_messenger_stays_below_two_thousand() -> None:
    fitted = fit([Text(text="word " * 1000)], messenger.limits)
    assert all(len(part.text) < 2000 for part in fitted.parts if isinstance(part, Text))


def test_words_under_a_picture_go_as_a_message_of_their_own() -> None:
    image = Media(media_type="image", media="med_1", mime="image/jpeg", caption="Our shop")
    for connector in (messenger, instagram):
        kinds = [part.kind for part in fit([image], connector.limits, connector.accepts or {}).parts]
        assert kinds == ["media", "text"]


def test_a_question_has_thirteen_buttons_at_most() -> None:
    options = tuple(Option(id=f"o{number}", label=f"Option {number}") for number in range(13))
    asked = Choices(text="Which?", choices=options)
    assert fit([asked], messenger.limits).parts == (asked,)
    more = Choices(text="Which?", choices=(*options, Option(id="o13", label="Option 13")))
    assert fit([more], messenger.limits).parts[0].kind == "text"
