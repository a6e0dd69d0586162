"""What every store promises of its log: durable, numbered without gaps, each key once, decided on all that was before."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import store_kit
from houses import HOUSES
from hypothesis import given, settings
from hypothesis import strategies as st
from store_kit import (
    AT,
    always,
    append,
    change,
    note,
    received,
    reply,
    stream_of,
)

from gateway.ports import Appended, CursorExpired, Wanted
from normalizer.decision import Place, Refusal
from normalizer.record import By, Draft


def never(_):
    raise AssertionError("a known key is not decided again")


async def settled(store):
    """Wait until everything has its place in the feed: a list is never behind, and its store may number later."""
    await store.conversations(Wanted(limit=1))


async def whole_feed(store):
    await settled(store)
    return await store_kit.whole_feed(store)


def unplaced(record):
    """A record without its place in the feed, which some stores give it later."""
    return record._replace(feed=0)


# Appending.


async def test_a_record_is_found_by_its_number_in_its_stream(store):
    first = await store.append("cnv_ann", always(received("1", "ann", 1, sent=1)))
    second = await store.append("cnv_ann", always(received("2", "ann", 2, sent=2)))
    await store.append("cnv_bob", always(received("3", "bob", 1, sent=1)))
    assert unplaced(await store.record_at("cnv_ann", 1)) == unplaced(first.record)
    assert unplaced(await store.record_at("cnv_ann", 2)) == unplaced(second.record)
    assert await store.record_at("cnv_ann", 3) is None
    assert await store.record_at("cnv_none", 1) is None


async def test_a_record_is_what_was_drafted_and_numbered(store):
    draft = received("1", "ann", 3, sent=1)
    appended = await store.append("cnv_ann", always(draft), draft.key)
    record = appended.record
    assert not appended.duplicate
    assert (record.v, record.stream, record.seq) == (1, "cnv_ann", 1)
    for field in ("id", "key", "kind", "brand", "account", "by", "cause", "at", "received_at", "data", "request"):
        assert getattr(record, field) == getattr(draft, field)
    assert unplaced(await store.record_of(draft.key)) == unplaced(record)
    await settled(store)
    assert await store.feed(0, 10) == [record._replace(feed=1)]


async def test_every_field_comes_back_after_a_restart(house):
    store = await house.open()
    data = {"text": "é \u0000 😀 \"'", "n": [1, 2.5, None, True], "big": 2**53, "deep": {"a": {"b": []}}}
    draft = Draft(
        id="rec_x", key="idem:k", kind="note.added", brand="shop", account="bot", by=By("bot", "key_1", "Robot"),
        cause="rec_w", at=AT, received_at=AT + timedelta(milliseconds=7), data=data, request="digest",
    )  # fmt: skip
    written = (await store.append("acc:bot", always(draft))).record
    await store.stop()
    again = await house.open()
    assert unplaced(await again.record_of("idem:k")) == unplaced(written)
    await settled(again)
    assert await again.feed(0, 1) == [written._replace(feed=1)]
    assert await again.head() == 1


async def test_streams_have_no_gaps_and_the_feed_is_dense(store):
    drafts = [received(f"{who}{n}", who, n) for n in range(40) for who in ("ann", "bob", "cid")]
    await append(store, *drafts)
    feed = await whole_feed(store)
    assert Counter(record.key for record in feed) == Counter(draft.key for draft in drafts)


async def test_what_is_acknowledged_is_in_the_log_of_another_opening(house):
    store = await house.open()
    await append(store, received("1"), received("2"))
    other = await house.open()
    await settled(other)
    assert [record.key for record in await other.feed(0, 10)] == ["bot:message:1", "bot:message:2"]


async def test_a_known_key_writes_nothing_and_is_not_decided(store):
    first = await store.append("cnv_ann", always(received("1")), "bot:message:1")
    again = await store.append("cnv_ann", never, "bot:message:1")
    elsewhere = await store.append("cnv_bob", never, "bot:message:1")
    assert again == elsewhere == Appended(first.record, duplicate=True)
    await settled(store)
    assert await store.head() == 1


async def test_a_known_key_of_the_draft_writes_nothing(store):
    first = await store.append("cnv_ann", always(received("1")))
    assert await store.append("cnv_ann", always(received("1"))) == Appended(first.record, duplicate=True)
    assert len(await whole_feed(store)) == 1


async def test_a_draft_whose_key_is_its_id_is_known_too(store):
    await append(store, received("1"))
    made = change(1, priority=5)
    draft = Draft(id="rec_same", key="rec_same", kind="note.added", brand="main", by=By("system", "s"), at=AT)
    first = await store.append("acc:x", always(draft))
    others = await asyncio.gather(
        store.append("acc:x", always(draft)), store.append("cnv_ann", made), store.append("acc:x", always(draft))
    )
    assert others[0] == others[2] == Appended(first.record, duplicate=True)
    assert not others[1].duplicate
    await whole_feed(store)


async def test_a_key_comes_once_out_of_one_batch(store):
    decided = []

    def decide(view):
        decided.append(view)
        return received("1")

    done = await asyncio.gather(*(store.append("cnv_ann", decide, "bot:message:1") for _ in range(50)))
    assert len(decided) == 1
    assert sorted(one.duplicate for one in done) == [False] + [True] * 49
    assert len({one.record.id for one in done}) == 1
    drafted = await asyncio.gather(*(store.append("cnv_ann", always(received("2"))) for _ in range(50)))
    assert sorted(one.duplicate for one in drafted) == [False] + [True] * 49
    assert len(await whole_feed(store)) == 2


async def test_none_writes_nothing(store):
    assert await store.append("cnv_ann", always(None)) == Appended(None)
    assert await store.append("cnv_ann", always(None), "some:key") == Appended(None)
    assert await store.record_of("some:key") is None
    assert await store.head() == 0
    assert (await store.append("cnv_ann", always(received("1")))).record.seq == 1


@pytest.mark.parametrize("raised", [Refusal("stale", "no"), ValueError("no"), StopIteration("no"), RuntimeError("no")])
async def test_a_decision_that_raises_fails_alone_and_leaves_no_trace(store, raised):
    def decide(_):
        raise raised

    asked = []
    for n in range(10):
        asked.append(store.append("cnv_ann", always(received(f"{n}"))))
        asked.append(store.append("cnv_ann", decide, f"key:{n}"))
        asked.append(store.bind("main", f"telegram:{n}", Place(f"per_{n}", f"cnv_{n}")))
    async with asyncio.timeout(30):
        done = await asyncio.gather(*asked, return_exceptions=True)
    for one in done[1::3]:
        assert isinstance(one, type(raised) | RuntimeError)
        assert "no" in str(one)
    assert [one.record.seq for one in done[0::3]] == list(range(1, 11))
    assert [record.key for record in await whole_feed(store)] == [f"bot:message:{n}" for n in range(10)]
    assert await store.record_of("key:0") is None


async def test_a_decision_that_raises_after_it_looked_leaves_no_trace(store):
    await append(store, received("1"), received("2"))

    def decide(view):
        assert view.conversation.unread == 2
        raise Refusal("stale", "no")

    with pytest.raises(Refusal):
        await store.append("cnv_ann", decide)
    assert (await store.conversation("cnv_ann")).unread == 2
    assert len((await store.lines("cnv_ann", 10, None)).data) == 2


async def test_what_cannot_be_written_fails_alone(store):
    half = "\ud800"
    bad = [
        store.append("cnv_ann", always(received("x", text="fine")), half),
        store.append(half, always(received("x"))),
        store.append("cnv_ann", always(Draft(id="rec_1", key=half, kind="note.added", brand="main", by=By("system", "s"), at=AT))),
        store.append("cnv_ann", always(Draft(id=half, key="k1", kind="note.added", brand="main", by=By("system", "s"), at=AT))),
        store.append("cnv_ann", always(Draft(id="rec_2", key="k2", kind="note.added", brand=half, by=By("system", "s"), at=AT))),
        store.append("cnv_ann", always(Draft(id="rec_3", key="k3", kind="note.added", brand="main", by=By("agent", "a", half), at=AT))),
        store.append(
            "cnv_ann",
            always(Draft(id="rec_4", key="k4", kind="note.added", brand="main", by=By("agent", "a"), at=AT, data={"text": half})),
        ),
        store.append(
            "cnv_ann",
            always(Draft(id="rec_5", key="k5", kind="note.added", brand="main", by=By("agent", "a"), at=AT, data={"n": 2**70})),
        ),
        store.append(
            "cnv_ann",
            always(Draft(id="rec_6", key="k6", kind="note.added", brand="main", by=By("agent", "a"), at=AT, request=half)),
        ),
        store.bind("main", half, Place("per_x", "cnv_x")),
        store.set_value("name", half),
    ]  # fmt: skip
    good = [store.append("cnv_ann", always(received(f"{n}"))) for n in range(len(bad))]
    mixed = [one for pair in zip(bad, good, strict=True) for one in pair]
    async with asyncio.timeout(30):
        done = await asyncio.gather(*mixed, return_exceptions=True)
    assert [type(one) for one in done[1::2]] == [Appended] * len(good)
    for one in done[0::2]:
        assert isinstance(one, ValueError | TypeError), one
    assert len(await whole_feed(store)) == len(good)
    for question in (store.record_of(half), store.value(half), store.message(half), store.file(half)):
        with pytest.raises(ValueError):  # noqa: PT011 - any of them, as long as the store lives
            await question
    assert (await store.conversation("cnv_ann")).unread == len(good)


async def test_an_order_beyond_64_bits_does_no_harm(store):
    await append(
        store, received("1", order=2**63 + 5), received("2", order=-(2**63)), received("3"), received("b", "bob")
    )
    async with asyncio.timeout(30):
        assert (await store.conversation("cnv_ann")).unread == 3
        page = await store.lines("cnv_ann", 10, None)
        assert [line.id for line in page.data] == ["msg_2", "msg_3", "msg_1"]
        assert [line.order for line in page.data] == [-(2**63), 0, 2**63 + 5]
        one = await store.lines("cnv_ann", 1, None)
        two = await store.lines("cnv_ann", 1, one.previous)
    assert [line.id for line in two.data] == ["msg_3"]


async def test_a_listener_that_raises_harms_nobody(store):
    heard = []

    def broken(_):
        raise RuntimeError("broken listener")

    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    store.on_commit(broken)
    store.on_commit(heard.append)
    async with asyncio.timeout(30):
        await append(store, received("1"), received("2"))
    assert heard
    assert complaints


async def test_commits_are_told_in_feed_order_and_before_the_append_returns(store):
    """A store that many processes write tells only that there is something: records without a place cannot be told."""
    heard, calls = [], []
    store.on_commit(heard.extend)
    store.on_commit(calls.append)

    async def one(draft):
        told = len(calls)
        record = (await store.append(stream_of(draft), always(draft))).record
        assert len(calls) > told
        assert not record.feed or heard[record.feed - 1] == record

    await asyncio.gather(*(one(received(f"{who}{n}", who)) for n in range(50) for who in ("ann", "bob")))
    await store.append("cnv_ann", always(received("ann1")))  # a duplicate is not told
    await store.append("cnv_ann", always(None))
    assert heard in (await whole_feed(store), [])


# What a decision sees.


async def test_a_decision_sees_what_was_appended_before_it_in_the_same_batch(store):
    seen = []

    def decide(n):
        def look(view):
            seen.append(view.conversation.unread if view.conversation else 0)
            return received(f"{n}")

        return look

    await asyncio.gather(*(store.append("cnv_ann", decide(n)) for n in range(120)))
    assert seen == list(range(120))
    assert (await store.conversation("cnv_ann")).unread == 120


async def test_a_decision_sees_lines_and_counts_them(store):
    await append(store, *(received(f"{n}", minute=n) for n in range(5)))
    found = {}

    def decide(view):
        message = view.message("msg_1")
        found["line"] = message
        found["unread after"] = view.unread_after(message)
        found["of another"] = view.message("msg_other")
        found["missing"] = view.message("msg_none")

    await append(store, received("other", "bob"))
    await store.append("cnv_ann", decide)
    assert found["line"].id == "msg_1"
    assert (found["unread after"], found["of another"], found["missing"]) == (3, None, None)


async def test_of_many_claims_one_wins(store):
    await append(store, received("1"))

    def claim(n):
        def decide(view):
            if view.conversation.assignee is not None:
                raise Refusal("already_claimed", view.conversation.assignee.id)
            return change(assignee={"kind": "agent", "id": f"agt_{n}", "name": ""})(view)

        return store.append("cnv_ann", decide)

    done = await asyncio.gather(*(claim(n) for n in range(30)), return_exceptions=True)
    winners = [one for one in done if isinstance(one, Appended)]
    assert len(winners) == 1
    owner = (await store.conversation("cnv_ann")).assignee.id
    assert {one.detail for one in done if isinstance(one, Refusal)} == {owner}


async def test_a_decision_right_after_a_restart_sees_everything(house):
    store = await house.open()
    await append(store, *(received(f"{n}", minute=n) for n in range(300)))
    await store.append("cnv_ann", reply("r", 400))
    await store.stop()
    house.unfold()
    again = await house.open()
    with pytest.raises(Refusal, match="no such conversation"):
        await again.append("cnv_bob", note("nobody"))
    found = {}

    def decide(view):
        found.update(seq=view.conversation.seq, line=view.message("msg_r").status)
        return note("n", minute=401)(view)

    assert (await again.append("cnv_ann", decide)).record.seq == 302
    assert found == {"seq": 301, "line": "queued"}
    assert (await again.conversation("cnv_ann")).seq == 302


async def test_every_append_of_a_conversation_is_decided_on_the_one_before(store):
    await append(store, received("1"))

    async def raise_priority():
        def decide(view):
            return change(priority=view.conversation.priority + 1)(view)

        await store.append("cnv_ann", decide)

    await asyncio.gather(*(raise_priority() for _ in range(60)))
    found = await store.conversation("cnv_ann")
    assert (found.priority, found.revision, found.seq) == (60, 60, 61)


# Binding.


async def test_of_two_hundred_racers_one_binds(store):
    async def race(n):
        return await store.bind("main", "telegram:42", Place(f"per_{n}", f"cnv_{n}"))

    bound = await asyncio.gather(*(race(n) for n in range(200)))
    assert len(set(bound)) == 1
    assert await store.bind("main", "telegram:42", Place("late", "late")) == bound[0]
    assert await store.bind("shop", "telegram:42", Place("per_s", "cnv_s")) == Place("per_s", "cnv_s")
    assert await store.bind("main", "telegram:43", Place("per_t", "cnv_t")) == Place("per_t", "cnv_t")


async def test_a_binding_outlives_a_restart_and_a_rebuild(house):
    store = await house.open()
    first = await store.bind("main", "telegram:42", Place("per_1", "cnv_1"))
    await store.rebuild(lambda *_: None)
    await store.stop()
    again = await house.open()
    assert await again.bind("main", "telegram:42", Place("per_2", "cnv_2")) == first


async def test_who_has_written_is_bound(store):
    await append(store, received("1"))
    await settled(store)
    assert await store.bind("main", "telegram:ann", Place("x", "y")) == Place("per_ann", "cnv_ann")


# The feed.


async def test_the_feed_is_paged_from_any_place(store):
    await append(store, *(received(f"{n}", minute=n) for n in range(25)))
    records = await whole_feed(store)
    assert [record.feed for record in await store.feed(0, 10)] == list(range(1, 11))
    assert await store.feed(7, 100) == records[7:]
    assert await store.feed(25, 10) == []
    assert await store.feed(99, 10) == []
    with pytest.raises(CursorExpired):
        await store.feed(-1, 10)


async def test_the_feed_never_gives_what_its_head_does_not_know_of(store):
    """A record is in the file a moment before the head moves; a cursor beyond the head would be refused."""
    given, going = [], True

    async def look():
        place = 0
        while going:
            for record in await store.feed(place, 100):
                place = record.feed
                given.append((place, await store.head()))

    looking = [asyncio.create_task(look()) for _ in range(4)]
    for n in range(100):
        await append(store, received(f"{n}"))
    going = False
    await asyncio.gather(*looking)
    assert given
    assert [(place, head) for place, head in given if place > head] == []


async def test_an_empty_store(store):
    assert await store.head() == 0
    assert await store.oldest() == 0
    assert await store.feed(0, 10) == []
    assert await store.record_of("none") is None
    assert await store.ready() == ""


async def test_the_feed_is_given_as_long_as_it_is_kept(house):
    store = await house.open(timedelta(days=30))
    await append(store, *(received(f"{day}", minute=day * 1440) for day in range(10)))
    await settled(store)
    assert await store.oldest() == 0
    house.clock.time = AT + timedelta(days=33)
    assert await store.oldest() == 3
    assert [record.key for record in await store.feed(3, 2)] == ["bot:message:3", "bot:message:4"]
    with pytest.raises(CursorExpired):
        await store.feed(2, 10)
    house.clock.time = AT + timedelta(days=33, milliseconds=1)
    assert await store.oldest() == 4
    house.clock.time = AT + timedelta(days=3650)
    assert await store.oldest() == 10
    assert await store.feed(10, 10) == []
    assert await store.record_of("bot:message:0") is not None  # the log itself keeps everything


@pytest.mark.parametrize("kind", HOUSES)
@given(days=st.lists(st.integers(0, 40), max_size=30), now=st.integers(0, 80))
@settings(max_examples=10)
def test_the_oldest_place_is_before_the_first_that_is_young_enough(kind, days, now):
    days.sort()

    async def play():
        with tempfile.TemporaryDirectory() as folder:
            house = HOUSES[kind](Path(folder))
            store = await house.open(timedelta(days=30))
            await append(store, *(received(f"{n}", minute=day * 1440) for n, day in enumerate(days)))
            await settled(store)
            house.clock.time = AT + timedelta(days=now)
            found = await store.oldest()
            await house.close()
            return found

    assert asyncio.run(play()) == sum(day < now - 30 for day in days)


# Any interleaving.

STREAMS = ("ann", "bob", "cid")
WRITES = st.lists(
    st.tuples(
        st.sampled_from(STREAMS),
        st.integers(0, 12),  # keys come again
        st.sampled_from(["known beforehand", "in the draft", "looks", "none", "raises", "bind", "read", "restart"]),
        st.integers(0, 3),  # turns of the loop before
    ),
    max_size=60,
)


async def _write(house, write):
    who, number, how, turns = write
    draft = received(f"{who}{number}", who, number)
    for _ in range(turns):
        await asyncio.sleep(0)
    store = house.store
    match how:
        case "known beforehand":
            return await store.append(f"cnv_{who}", always(draft), draft.key)
        case "in the draft":
            return await store.append(f"cnv_{who}", always(draft))
        case "looks":
            return await store.append(
                f"cnv_{who}", lambda view: draft if view.conversation or draft else None, draft.key
            )
        case "none":
            await store.append(f"cnv_{who}", always(None), f"none:{who}{number}")
        case "raises":
            with pytest.raises(Refusal):
                await store.append(f"cnv_{who}", _refuse)
        case "bind":
            await store.bind("main", f"telegram:{who}", Place(f"per_{who}", f"cnv_{who}"))
        case "read":
            await store.conversation(f"cnv_{who}")
    return None


def _refuse(view):
    assert view.conversation is None or view.conversation.seq
    raise Refusal("stale", "no")


@pytest.mark.parametrize("kind", HOUSES)
@given(writes=WRITES)
@settings(max_examples=20)
def test_any_interleaving_is_numbered_without_a_gap_and_each_key_once(kind, writes):
    async def play():
        with tempfile.TemporaryDirectory() as folder:
            house = HOUSES[kind](Path(folder))
            done, batch = [], []
            house.store = await house.open()
            for write in [*writes, ("ann", 0, "restart", 0)]:
                if write[2] != "restart":
                    batch.append(write)
                    continue
                done += await asyncio.gather(*(_write(house, one) for one in batch))
                batch = []
                await house.store.stop()
                house.store = await house.open()
            feed = await whole_feed(house.store)
            unread = {who: await house.store.conversation(f"cnv_{who}") for who in STREAMS}
            await house.close()
            return [one for one in done if one is not None], feed, unread

    appended, feed, unread = asyncio.run(play())
    fresh = [one.record for one in appended if not one.duplicate]
    assert Counter(record.key for record in fresh) == Counter(record.key for record in feed)
    assert max(Counter(record.key for record in feed).values(), default=1) == 1
    by_key = {record.key: unplaced(record) for record in feed}
    assert all(by_key[one.record.key] == unplaced(one.record) for one in appended)
    for who in STREAMS:
        count = sum(record.stream == f"cnv_{who}" for record in feed)
        assert (unread[who].unread if unread[who] else 0) == count
