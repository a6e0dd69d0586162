"""What every store promises of its views: never behind what was appended, paged without repeats, rebuilt the same."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from houses import HOUSES
from hypothesis import given, settings
from hypothesis import strategies as st
from store_kit import (
    AT,
    append,
    change,
    history,
    note,
    reach,
    read,
    received,
    reply,
    settle,
)

from gateway.ports import Wanted
from normalizer.decision import Place, Refusal
from normalizer.model import Failure


async def listed(store, **wanted):
    return [one.id.removeprefix("cnv_") for one in (await store.conversations(Wanted(**wanted))).data]


async def paged(store, limit, **wanted):
    """Every page of a list, as ids."""
    found, after, pages = [], None, 0
    while True:
        page = await store.conversations(Wanted(limit=limit, after=after, **wanted))
        assert len(page.data) <= limit
        found += [one.id.removeprefix("cnv_") for one in page.data]
        after, pages = page.next, pages + 1
        if after is None:
            assert pages == max(1, -(-len(found) // limit))
            return found


# The read rule.


async def test_a_read_after_an_append_sees_it(store):
    for n in range(20):
        await append(store, received(f"{n}", minute=n))
        assert (await store.conversation("cnv_ann")).unread == n + 1
        assert (await store.message(f"msg_{n}")).seq == n + 1
        assert (await store.message_of("bot", f"p-{n}")).id == f"msg_{n}"
        page = await store.lines("cnv_ann", 100, None)
        assert (len(page.data), page.cursor) == (n + 1, n + 1)
        assert (await store.conversations(Wanted())).cursor == n + 1


async def test_reads_are_not_starved_by_constant_writing(store):
    writing = True
    written = 0

    async def write(who):
        nonlocal written
        while writing:
            await append(store, received(f"{who}{written}", who))
            written += 1

    writers = [asyncio.create_task(write(f"w{n}")) for n in range(32)]
    async with asyncio.timeout(30):
        for _ in range(20):
            before = await store.head()
            page = await store.conversations(Wanted(limit=1))
            assert page.cursor >= before
    writing = False
    await asyncio.gather(*writers)
    assert written > 0
    assert (await store.conversations(Wanted())).cursor == await store.head()


async def test_a_cancelled_read_harms_nobody(store):
    for n in range(20):
        await append(store, received(f"{n}"))
        one, two = (asyncio.create_task(store.conversation("cnv_ann")) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        assert (await two).unread == n + 1
    await asyncio.gather(one, return_exceptions=True)


# Conversations.


async def test_first_come_due_first_then_nothing_owed_by_latest_update(store):
    await append(
        store,
        received("1", "cid", 5),
        received("2", "ann", 1),
        received("3", "bob", 3),
        reach("old", "opted_out", 2),
        reach("new", "opted_out", 8),
        received("4", "dee", 0),
    )
    await append(store, received("5", "ann", 9))  # still owed since the first
    await store.append("cnv_dee", reply("r", 6))  # answered
    assert await listed(store) == ["ann", "bob", "cid", "new", "dee", "old"]
    assert await paged(store, 1) == await paged(store, 2) == await paged(store, 4) == await listed(store)


async def test_a_failed_answer_is_owed_again(store):
    await append(store, received("1", "ann", 1), received("2", "bob", 2))
    await store.append("cnv_ann", reply("r", 3))
    assert await listed(store) == ["bob", "ann"]
    await store.append("cnv_ann", settle("msg_r", "failed", 4, failure=Failure(reason="expired")))
    assert await listed(store) == ["ann", "bob"]


async def test_filters(store):
    await append(
        store,
        received("1", "ann", 1, account="bot", channel="telegram"),
        received("2", "bob", 2, account="line", channel="whatsapp"),
        received("3", "cid", 3, account="bot", channel="telegram", brand="shop"),
        received("4", "dee", 4, account="second", channel="telegram"),
    )
    await store.append("cnv_ann", change(5, assignee={"kind": "agent", "id": "agt_1", "name": "Grace"}))
    await store.append("cnv_bob", change(6, status="resolved"))
    await store.append("cnv_dee", change(7, status="snoozed", snoozed_until="2026-11-23T09:00:00.000Z"))
    assert await listed(store, status="open") == ["ann", "cid"]
    assert await listed(store, status="resolved") == ["bob"]
    assert await listed(store, status="snoozed") == ["dee"]
    assert await listed(store, assignee="agt_1") == ["ann"]
    assert await listed(store, assignee="none") == ["cid", "dee", "bob"]
    assert await listed(store, assignee="nobody") == []
    assert await listed(store, channel="whatsapp") == ["bob"]
    assert await listed(store, account="second") == ["dee"]
    assert await listed(store, account="bot", status="open", assignee="none") == ["cid"]
    assert await listed(store, brands=("main",)) == ["ann", "dee", "bob"]
    assert await listed(store, brands=("shop", "other")) == ["cid"]
    assert await listed(store, brands=()) == []
    assert await listed(store, brands=("main",), q="cid") == []
    assert await paged(store, 1, assignee="none") == ["cid", "dee", "bob"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("ann", ["ann"]),
        ("ANN", ["ann"]),
        ("100%", ["pct"]),
        ("%", ["pct"]),
        ("_", ["und"]),
        ("a_b", ["und"]),
        ("\\", ["bsl"]),
        ("straße", ["ger"]),
        ("STRASSE", ["ger"]),
        ("ÉLODIE", ["acc"]),
        ("telegram:und", ["und"]),
        ("+336", ["tel"]),
        ("' OR 1=1 --", []),
        ("", ["ann", "pct", "und", "bsl", "ger", "acc", "tel"]),
    ],
)
async def test_q_is_a_piece_of_a_name_or_an_identity(store, q, found):
    names = {
        "ann": "Ann", "pct": "100% sure", "und": "a_b", "bsl": "back\\slash", "ger": "Frau Straße", "acc": "Élodie",
        "tel": "",
    }  # fmt: skip
    identity = {"tel": "tel:+33612345678"}
    await append(
        store,
        *(received(who, who, n, name=name, identity=identity.get(who)) for n, (who, name) in enumerate(names.items())),
    )
    assert await listed(store, q=q) == found
    people = await store.people(None, q, 50, None)
    assert sorted(one.id for one in people.data) == sorted(f"per_{who}" for who in found)


PLACES = [
    "",
    "nonsense",
    "é",
    "W10",
    "WzFd",
    "bnVsbA",
    "WzEsMiwzXQ",
    "WzE4NDQ2NzQ0MDczNzA5NTUxNjE1LDAsImEiXQ",
    "====",
    "\x00",
]


@pytest.mark.parametrize("place", PLACES)
async def test_a_place_that_is_not_ours_is_a_value_error(store, place):
    await append(store, received("1"))
    with pytest.raises(ValueError, match="not a place"):
        await store.conversations(Wanted(after=place))
    with pytest.raises(ValueError, match="not a place"):
        await store.lines("cnv_ann", 10, place)
    with pytest.raises(ValueError, match="not a place"):
        await store.people(None, None, 10, place)


async def test_a_place_of_another_list_is_a_value_error(store):
    await append(store, *(received(who, who) for who in ("ann", "bob")))
    people = await store.people(None, None, 1, None)
    with pytest.raises(ValueError, match="not a place"):
        await store.conversations(Wanted(after=people.next))


@given(
    arrivals=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 4), st.booleans()), max_size=40),
    limit=st.integers(1, 7),
)
@settings(max_examples=12)
@pytest.mark.parametrize("kind", HOUSES)
def test_paging_never_repeats_or_skips(kind, arrivals, limit):
    async def play():
        with tempfile.TemporaryDirectory() as folder:
            house = HOUSES[kind](Path(folder))
            store = await house.open()
            for n, (who, minute, owed) in enumerate(arrivals):
                said = received(f"{n}", f"w{who}", minute) if owed else reach(f"w{who}", "opted_out", n)
                await append(store, said)
            whole = await listed(store, limit=1000)
            pages = await paged(store, limit)
            await house.close()
            return whole, pages

    whole, pages = asyncio.run(play())
    assert pages == whole
    assert set(whole) == {f"w{who}" for who, *_ in arrivals}


# Lines.


async def test_lines_stand_by_time_then_the_providers_order_then_id(store):
    await append(
        store,
        received("b", minute=9, sent=1, order=2),
        received("a", minute=8, sent=1, order=2),
        received("c", minute=7, sent=1, order=1),
        received("late", minute=2, sent=50),  # clipped to when we had it
        received("d", minute=10, sent=0),
        received("z", "bob", 3),
    )
    page = await store.lines("cnv_ann", 10, None)
    assert [line.id for line in page.data] == ["msg_d", "msg_c", "msg_a", "msg_b", "msg_late"]
    assert page.previous is None
    assert (await store.lines("cnv_none", 10, None)).data == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 23, 24])
async def test_lines_are_paged_backwards(store, limit):
    await append(store, *(received(f"{n:02}", minute=30, sent=n // 3, order=n % 2) for n in range(23)))
    whole = [line.id for line in (await store.lines("cnv_ann", 100, None)).data]
    found, before = [], None
    while True:
        page = await store.lines("cnv_ann", limit, before)
        found = [line.id for line in page.data] + found
        before = page.previous
        if before is None:
            break
    assert found == whole
    assert len(set(found)) == 23


async def test_notes_and_events_are_lines_too(store):
    await append(store, received("1", minute=1))
    await store.append("cnv_ann", note("n", "careful", 2))
    await store.append("cnv_ann", change(3, status="pending"))
    page = await store.lines("cnv_ann", 10, None)
    assert [line.kind for line in page.data] == ["message", "note", "event"]
    assert [line.seq for line in page.data] == [1, 2, 3]
    assert (await store.message("msg_n")).parts[0].text == "careful"
    assert await store.message("msg_none") is None


async def test_message_of_knows_every_provider_id_per_account(store):
    await append(store, received("1"), received("2", "bob", account="second"))
    await store.append("cnv_ann", reply("r", 3))
    assert await store.message_of("bot", "out-2") is None
    await store.append("cnv_ann", settle("msg_r", "sent", 4, provider_ids=("out-1", "out-2")))
    assert (await store.message_of("bot", "p-1")).id == "msg_1"
    assert (await store.message_of("bot", "out-1")).id == (await store.message_of("bot", "out-2")).id == "msg_r"
    assert await store.message_of("second", "out-1") is None
    assert await store.message_of("bot", "p-2") is None
    assert (await store.message_of("second", "p-2")).id == "msg_2"


# People.


async def test_people_by_name_in_pages(store):
    names = ["Zoe", "Ann", "Bob", "Ann", "", "Élodie"]
    await append(store, *(received(f"{n}", f"w{n}", name=name) for n, name in enumerate(names)))
    await append(store, received("s", "s", name="Ann", brand="shop"))
    whole = [one.id for one in (await store.people(None, None, 50, None)).data]
    assert whole == ["per_w4", "per_s", "per_w1", "per_w3", "per_w2", "per_w0", "per_w5"]
    for limit in (1, 2, 3, 7):
        found, after = [], None
        while True:
            page = await store.people(None, None, limit, after)
            found += [one.id for one in page.data]
            after = page.next
            if after is None:
                break
        assert found == whole
    assert [one.id for one in (await store.people(("shop",), None, 50, None)).data] == ["per_s"]
    assert [one.id for one in (await store.people(("main",), "ann", 50, None)).data] == ["per_w1", "per_w3"]
    assert (await store.people((), None, 50, None)).data == []


async def test_a_person_is_known_by_the_latest_name_and_every_identity(store):
    await append(store, received("1", minute=1, name="Ann"))
    await append(store, received("2", minute=2, name="", identity="tel:+33612345678"))
    await append(store, received("3", minute=3, name="Ann Lee"))
    found = await store.person("per_ann")
    assert (found.name, found.identities) == ("Ann Lee", ("telegram:ann", "tel:+33612345678"))
    assert found.conversation == "cnv_ann"
    assert await store.person("per_none") is None
    assert (await store.conversation("cnv_ann")).person.name == "Ann Lee"


# What is to be done.


async def test_unsettled_is_what_is_still_to_be_sent(store, house):
    house.clock.time = AT + timedelta(minutes=10)  # when the first is put off: nobody's clock is ahead
    await append(store, received("1", "ann"), received("2", "bob"))
    for n in range(3):
        await store.append("cnv_bob", reply(f"b{n}", 2 + n))
    await store.append("cnv_ann", reply("a", 9))
    assert [one.message for one in await store.unsettled()] == ["msg_a", "msg_b0", "msg_b1", "msg_b2"]
    await store.append("cnv_bob", settle("msg_b0", "deferred", 10, send_at=AT + timedelta(hours=1)))
    await store.append("cnv_bob", settle("msg_b1", "sent", 10, provider_ids=("x",)))
    await store.append("cnv_bob", settle("msg_b2", "uncertain", 10))
    found = await store.unsettled("cnv_bob")
    assert [(one.message, one.account, one.seq, one.send_at) for one in found] == [
        ("msg_b0", "bot", 2, AT + timedelta(hours=1))
    ]
    await store.append("cnv_bob", settle("msg_b0", "failed", 11, failure=Failure(reason="expired")))
    assert await store.unsettled("cnv_bob") == []
    assert [(one.message, one.send_at) for one in await store.unsettled()] == [("msg_a", AT + timedelta(minutes=9))]


async def test_the_snoozed_wake_when_their_time_has_come(store):
    await append(store, *(received(who, who) for who in ("ann", "bob", "cid")))
    await store.append("cnv_ann", change(1, status="snoozed", snoozed_until="2026-11-22T10:00:00.000Z"))
    await store.append("cnv_bob", change(1, status="snoozed", snoozed_until="2026-11-22T12:00:00.000Z"))
    at = AT + timedelta(hours=1)
    assert await store.asleep_until(at - timedelta(milliseconds=1)) == []
    assert [one.id for one in await store.asleep_until(at)] == ["cnv_ann"]
    assert {one.id for one in await store.asleep_until(at + timedelta(hours=9))} == {"cnv_ann", "cnv_bob"}
    await append(store, received("wake", "bob", 2))  # writing wakes
    await store.append("cnv_ann", change(3, status="open"))
    assert await store.asleep_until(at + timedelta(hours=9)) == []


async def test_reading_lowers_what_is_unread(store):
    await append(store, *(received(f"{n}", minute=n) for n in range(5)))
    await store.append("cnv_ann", read("msg_2", 9))
    assert (await store.conversation("cnv_ann")).unread == 2
    assert (await store.append("cnv_ann", read("msg_1", 10))).record is None


# Rebuilding.


async def test_a_rebuild_gives_the_very_same_views(house):
    store = await house.open()
    await history(store)
    await store.bind("main", "telegram:silent", Place("per_s", "cnv_s"))
    await store.conversations(Wanted())
    before, told = house.views(), []
    count = await store.rebuild(lambda done, of: told.append((done, of)))
    assert count == await store.head()
    assert told[-1] == (count, count)
    assert told == sorted(told)
    assert house.views() == before
    assert (await store.conversation("cnv_ann")).unread == 0


async def test_a_rebuild_leaves_what_is_true_beside_the_log(house):
    store = await house.open()
    await history(store)
    fetched = (await store.pending_files(10))[0]
    kept = type(fetched)(
        **{**{f: getattr(fetched, f) for f in fetched.__slots__}, "state": "kept", "path": "x", "size": 9}
    )
    await store.change_file(kept)
    await store.set_value("name", "value")
    await store.rebuild(lambda *_: None)
    assert await store.file(fetched.id) == kept
    assert await store.value("name") == "value"
    assert await store.pending_files(10) == []


async def test_a_rebuild_of_what_was_just_appended_misses_nothing(house):
    store = await house.open()
    drafts = [received(f"{n}", f"w{n % 7}", n) for n in range(700)]
    await append(store, *drafts)  # most of it is not folded yet
    assert await store.rebuild(lambda *_: None) == 700
    assert sum(one.unread for one in (await store.conversations(Wanted())).data) == 700


async def test_a_rebuild_while_others_append_misses_nothing(house):
    store = await house.open()
    await append(store, *(received(f"{n}", f"w{n % 7}", n) for n in range(400)))
    rebuilding = asyncio.create_task(store.rebuild(lambda *_: None))
    for n in range(400, 500):
        await append(store, received(f"{n}", f"w{n % 7}", n))
    await rebuilding
    page = await store.conversations(Wanted())
    assert sum(one.unread for one in page.data) == 500
    assert page.cursor == 500


async def test_an_interrupted_rebuild_goes_on(house):
    store = await house.open()
    await history(store)
    place = await store.bind("main", "telegram:ann", Place("x", "y"))
    await store.conversations(Wanted())
    before = house.views()
    await store.stop()
    house.unfold()
    again = await house.open()
    # Whoever writes now is still the same person, though no view says so yet.
    assert await again.bind("main", "telegram:ann", Place("per_new", "cnv_new")) == place
    assert (await again.conversation("cnv_ann")).person.name == "Ann Lee"
    await again.conversations(Wanted())
    assert house.views() == before


async def test_a_rebuild_after_a_kill_that_left_the_views_behind(house):
    store = await house.open()
    await append(store, *(received(f"{n}", f"w{n % 7}", n) for n in range(600)))
    await store.conversations(Wanted())
    before = house.views()
    await store.stop()
    house.set_back(590)  # the last few were folded and not committed: they are folded again
    again = await house.open()
    await again.rebuild(lambda *_: None)
    await again.conversations(Wanted())
    assert house.views() == before


@given(
    does=st.lists(
        st.tuples(st.sampled_from(["ann", "bob"]), st.sampled_from("rqnscxdfub"), st.integers(0, 5)), max_size=30
    ),
    reads=st.integers(1, 9),
)
@settings(max_examples=12)
@pytest.mark.parametrize("kind", HOUSES)
def test_any_history_is_rebuilt_the_same(kind, does, reads):
    async def play():
        with tempfile.TemporaryDirectory() as folder:
            house = HOUSES[kind](Path(folder))
            store = await house.open()
            await append(store, received("first", "ann"), received("first-b", "bob"))
            for n, (who, what, minute) in enumerate(does):
                decide = {
                    "r": lambda _, w=who, n=n, m=minute: received(f"{n}", w, m, sent=-m),
                    "q": reply(f"q{n}", minute),
                    "n": note(f"n{n}", minute=minute),
                    "s": settle(f"msg_q{n - 1}", "sent", minute, provider_ids=(f"o{n}",)),
                    "f": settle(f"msg_q{n - 2}", "failed", minute, failure=Failure(reason="expired")),
                    "d": settle(f"msg_q{n - 1}", "deferred", minute, send_at=AT + timedelta(hours=n)),
                    "u": settle(f"msg_q{n - 1}", "uncertain", minute),
                    "c": change(minute, status="snoozed", snoozed_until="2026-11-23T09:00:00.000Z"),
                    "x": change(minute, status="resolved"),
                    "b": lambda _, w=who, m=minute: reach(w, "blocked", m),
                }[what]
                with suppress(Refusal):  # nobody may write to who has blocked us
                    await store.append(f"cnv_{who}", decide)
                if n % reads == 0:
                    await store.conversation(f"cnv_{who}")
            await store.conversations(Wanted())
            before = house.views()
            await store.rebuild(lambda *_: None)
            after = house.views()
            await store.stop()
            house.unfold()
            again = await house.open()
            await again.conversations(Wanted())
            caught_up = house.views()
            await house.close()
            return before, after, caught_up

    before, after, caught_up = asyncio.run(play())
    assert before == after == caught_up
