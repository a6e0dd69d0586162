"""The received message is written out by hand, and must stay what the model would write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from normalizer import told
from normalizer.decision import Channel, Place, Stamp
from normalizer.event import MessageReceived
from normalizer.model import Choice, Location, Media, Message, Part, Referral, Text
from normalizer.record import By

_parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, text=st.text(min_size=1)),
    st.builds(
        Media, media_type=st.just("image"), media=st.just("med_1"), caption=st.text(), size=st.none() | st.just(3)
    ),
    st.builds(Location, latitude=st.just(1.5), longitude=st.just(2.0), name=st.text()),
    st.builds(Choice, id=st.text(), label=st.text(), of=st.text()),
)
_times = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


_more = st.fixed_dictionaries(
    {},
    optional={
        "quote": st.text(),
        "album": st.text(),
        "referral": st.none() | st.builds(Referral, source=st.text(), id=st.text(), title=st.text(), url=st.text()),
    },
)
_WHOLE = {
    "quote": "a piece",
    "album": "7",
    "referral": Referral(source="ad", id="1", title="Sale", url="https://x.example"),
}


@given(
    st.lists(_parts, min_size=1, max_size=3), _times, st.text(), st.none() | st.just("msg_0"), st.integers(0, 9), _more
)
@example([Text(text="hi")], datetime(2026, 11, 22, 9, tzinfo=UTC), "Ann", "msg_0", 1, _WHOLE)
def test_it_is_the_models_own_json(
    parts: list[Part], at: datetime, name: str, reply_to: str | None, order: int, more: dict[str, Any]
) -> None:
    event = MessageReceived(
        id="e",
        order=order,
        identity="toy:ann",
        name=name,
        sent_at=at,
        parts=tuple(parts),
        provider_ids=("a:1", "a:2"),
        **more,
    )
    stamp = Stamp("rec_1", By("person", "per_1"), event.sent_at, "main")
    draft = told.received(event, Place("per_1", "cnv_1"), Channel("a", "toy"), stamp, "msg_1", parts, reply_to)
    written = draft.data["message"]
    modelled = Message.model_validate(written).model_dump(mode="json")
    assert [name for name in written if name not in _WHOLE] == [name for name in modelled if name not in _WHOLE]
    assert written == Message.model_validate(written, extra="forbid").model_dump(mode="json")
