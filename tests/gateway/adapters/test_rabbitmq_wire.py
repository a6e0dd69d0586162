"""Frames of an announcement: the bytes that pamqp writes; and the confirms of a batch, counted as one."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import body, commands, frame, header

from gateway.adapters.rabbitmq.confirms import Confirms
from gateway.adapters.rabbitmq.wire import publication
from gateway.ports import Announcement

_KEYS = st.text(string.ascii_letters + string.digits + ".-_é", max_size=120)
_IDS = st.text(string.ascii_letters + "_é", min_size=1, max_size=120)


def by_pamqp(channel: int, one: Announcement, most: int) -> bytes:
    told = commands.Basic.Properties(content_type="application/cloudevents+json", delivery_mode=2, message_id=one.id)
    pieces = [one.body[start : start + most] for start in range(0, len(one.body), most)]
    written = [
        commands.Basic.Publish(exchange="passerelle.events", routing_key=one.routing_key),
        header.ContentHeader(body_size=len(one.body), properties=told),
        *map(body.ContentBody, pieces),
    ]
    return b"".join(frame.marshal(piece, channel) for piece in written)


@given(st.integers(1, 65_535), _KEYS, _IDS, st.binary(max_size=200), st.integers(1, 210))
def test_frames_are_written_as_pamqp_writes_them(channel, key, name, content, most):
    one = Announcement(name, key, content)
    assert publication(channel, one, most) == by_pamqp(channel, one, most)


@given(st.binary(max_size=200))
def test_where_the_server_knows_no_largest_frame_a_body_is_one(content):
    one = Announcement("rec_1", "a.b.c", content)
    assert publication(1, one, 0) == publication(1, one, -8) == by_pamqp(1, one, 1000)


@pytest.mark.parametrize("one", [Announcement("i" * 256, "a", b""), Announcement("i", "é" * 128, b"")])
def test_a_name_that_no_short_string_holds_is_refused(one):
    with pytest.raises(ValueError, match="256"):
        publication(1, one, 100)


async def test_confirms_are_done_with_the_last_one():
    confirms = Confirms(3)
    for _ in range(2):
        confirms.set_result(commands.Basic.Ack(1))
        assert not confirms.done()
    confirms.set_result(commands.Basic.Ack(1))
    assert (confirms.done(), confirms.left, confirms.refused) == (True, 0, False)


async def test_confirms_are_done_with_the_first_refusal_which_nobody_need_fetch():
    confirms = Confirms(3)
    confirms.set_result(commands.Basic.Ack(1))
    confirms.set_exception(RuntimeError("refused"))
    assert confirms.cancelled(), "aiormq then drops the other confirms without a warning of each"
    assert (confirms.left, confirms.refused) == (2, True)
