"""Records as everyone outside reads them: CloudEvents whose bytes never change."""

from __future__ import annotations

import json
import re
import typing
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.announcing import announced
from gateway.frames import frame
from normalizer.record import By, Record, RecordKind

AT = datetime(2026, 11, 22, 9, 0, 0, 120_000, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def record(kind: str = "message.received", account: str | None = "support-telegram", **fields: object) -> Record:
    given = Record(
        feed=7, id="rec_1", stream="cnv_1", seq=3, key="k", kind=kind, brand="main", account=account,
        by=By("person", "per_1", "Ann Lee"), cause=None, at=AT, received_at=None,
        data={"message": {"id": "msg_1", "channel": "telegram", "parts": []}, "private": {"raw": "secret"}},
    )  # fmt: skip
    return given._replace(**fields)


def test_it_is_a_cloud_event_whose_data_are_those_of_the_frame():
    found = announced(record(), {})
    told = json.loads(found.body)
    assert told == {
        "specversion": "1.0",
        "id": "rec_1",
        "source": "/passerelle/main",
        "type": "message.received",
        "subject": "cnv_1",
        "time": "2026-11-22T09:00:00.120Z",
        "datacontenttype": "application/json",
        "brand": "main",
        "channel": "telegram",
        "account": "support-telegram",
        "seq": 3,
        "cursor": frame(record())["cursor"],
        "actorkind": "person",
        "actorid": "per_1",
        "actorname": "Ann Lee",
        "data": frame(record())["data"],
    }
    assert found.id == "rec_1"
    assert b"secret" not in found.body


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, "message.received.telegram.support-telegram"),
        ({"kind": "message.sent", "data": {"message": "msg_1"}}, "message.sent.from-config.support-telegram"),
        ({"kind": "message.queued", "data": {"message": {"channel": None}}}, "message.queued.from-config.support-telegram"),
        ({"kind": "identity.blocked", "data": {"channel": "twilio"}}, "identity.blocked.twilio.support-telegram"),
        ({"kind": "note.added", "account": None}, "note.added.-.-"),
        ({"kind": "message.sent", "account": "gone", "data": {}}, "message.sent.-.gone"),
    ],
)  # fmt: skip
def test_the_routing_key_is_kind_channel_and_account_with_a_dash_for_what_there_is_none_of(fields, key):
    found = announced(record(**fields), {"support-telegram": "from-config"})
    assert found.routing_key == key
    told = json.loads(found.body)
    assert {name for name in ("channel", "account") if name not in told} == {
        name for name, piece in zip(("channel", "account"), key.split(".")[2:], strict=True) if piece == "-"
    }


def test_every_kind_of_record_has_two_words_so_that_a_routing_key_has_four():
    for kind in typing.get_args(RecordKind):
        assert announced(record(kind), {}).routing_key.count(".") == 3


def test_attributes_are_named_as_cloud_events_may_name_them_and_none_is_empty():
    told = json.loads(announced(record(by=By("system", "", "")), {}).body)
    assert "actorid" not in told
    for name, value in told.items():
        assert re.fullmatch("[a-z0-9]{1,20}", name)
        assert value not in ("", None)


def _turned(value: object) -> object:
    """The same JSON with the fields of each object the other way round."""
    if isinstance(value, dict):
        return {name: _turned(held) for name, held in reversed(value.items())}
    return [_turned(held) for held in value] if isinstance(value, list) else value


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=5))
def test_the_bytes_do_not_depend_on_the_order_in_which_a_store_gives_the_fields_back(data):
    assert announced(record(data=data), {}) == announced(record(data=_turned(data)), {})


@given(st.integers(0, 2**32))
def test_runs_that_each_begin_where_all_before_is_confirmed_keep_the_order_however_they_are_mixed(seed):
    """Why repeats and two publishers do no harm: whoever drops what they know sees the feed in order."""
    dice, confirmed = Random(seed), 0
    waiting: list[list[int]] = []
    seen: list[int] = []
    for _ in range(6):  # each run goes on from what is confirmed; some of it arrives late, among that of later runs
        run = list(range(confirmed + 1, confirmed + 1 + dice.randint(1, 6)))
        waiting.append(run)
        confirmed += _arrive(waiting, seen, dice, confirmed)
    while any(waiting):
        _arrive(waiting, seen, dice, confirmed)
    assert list(dict.fromkeys(seen)) == list(range(1, max(seen, default=0) + 1))


def _arrive(waiting, seen, dice, confirmed):
    """Some of what is under way arrives, each run in its own order; how much more is known to have arrived."""
    for _ in range(dice.randint(0, 8)):
        if alive := [run for run in waiting if run]:
            seen.append(dice.choice(alive).pop(0))
    known = confirmed
    while known + 1 in seen:
        known += 1
    return dice.randint(0, known - confirmed)
