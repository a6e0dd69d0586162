"""What every store promises of what is true beside the log: attempts, leftovers, files, keys, agents, sessions, values."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from datetime import timedelta

from store_kit import AT, append, picture, received, stamp

from connectors.api import Answer
from gateway.ports import Agent, Attempt, Kept, KeptEntry, KeptFile, Key, Look, Session
from normalizer import conversation as agents
from normalizer.model import Media


def attempt(step=1, number=1, message="msg_1"):
    return Attempt(f"{message}:{step}:{number}", message, step, number, "sendMessage", 0, AT)


async def reopened(house, store):
    await store.stop()
    return await house.open()


# Attempts.


async def test_of_many_who_begin_an_attempt_one_may_call(store):
    began = await asyncio.gather(*(store.begin(attempt(number=n % 3)) for n in range(90)))
    assert Counter(began) == {True: 3, False: 87}
    assert await store.begin(attempt(number=0)) is False


async def test_attempts_come_back_in_order_with_what_came_back(house):
    store = await house.open()
    tries = [attempt(step, number) for step in (1, 2, 10) for number in (1, 2, 10)]
    for one in reversed(tries):
        assert await store.begin(one)
    assert await store.begin(attempt(message="msg_2"))
    answered = dataclasses.replace(tries[0], answer=Answer(429, {"retry-after": "3"}, b"\x00\xff slow"))
    failed = dataclasses.replace(tries[1], error="timed out")
    refused = dataclasses.replace(tries[2], error="refused", never_sent=True)
    for one in (answered, failed, refused):
        await store.finish(one)
    await store.finish(attempt(99, 99))  # nobody began it
    store = await reopened(house, store)
    assert await store.attempts("msg_1") == [answered, failed, refused, *tries[3:]]
    assert await store.attempts("msg_2") == [attempt(message="msg_2")]
    assert await store.attempts("msg_3") == []
    assert await store.begin(answered) is False


# Leftovers.


def kept(number):
    headers = {"content-type": "application/json", "x": "é"}
    return Kept(
        f"raw_{number:02}", "bot", "malformed", AT + timedelta(seconds=number), "POST", "/h", headers, b"\x00\xff{"
    )


def entry(number, hook="bot", size=3):
    return KeptEntry(f"raw_{number:02}", hook, "malformed", AT + timedelta(seconds=number), size)


async def test_kept_requests_newest_first_in_pages(house):
    store = await house.open()
    await asyncio.gather(*(store.keep(kept(n)) for n in range(5)))
    store = await reopened(house, store)
    await store.keep(dataclasses.replace(kept(5), hook="shop", body=b""))
    assert await store.kept(3) == [entry(5, hook="shop", size=0), entry(4), entry(3)]
    assert await store.kept(2, "raw_03") == [entry(2), entry(1)]
    assert await store.kept(9, "raw_00") == []
    assert await store.kept(2, hook="bot") == [entry(4), entry(3)]
    assert await store.kept(9, "raw_01", "bot") == [entry(0)]
    assert await store.kept(9, hook="nobody") == []
    assert await store.kept_one("raw_02") == kept(2)
    assert await store.kept_one("raw_99") is None


async def test_unmatched_news_is_kept_until_it_has_found_its_message(house):
    store = await house.open()
    await store.keep_unmatched("bot", "out-1", "receipt:1:sent", "{1}")
    await store.keep_unmatched("bot", "out-1", "receipt:2:read", "{2}")
    await store.keep_unmatched("bot", "out-1", "receipt:1:sent", "{1}")  # told twice
    await store.keep_unmatched("bot", "out-2", "receipt:3:sent", "{3}")
    await store.keep_unmatched("second", "out-1", "receipt:1:sent", "{4}")
    for _ in range(2):
        assert await store.unmatched("bot", ["out-1"]) == ["{1}", "{2}"]
        assert sorted(await store.unmatched("bot", ["out-2", "out-1", "none"])) == ["{1}", "{2}", "{3}"]
        assert await store.unmatched("second", ["out-1"]) == ["{4}"]
        assert list(await store.unmatched("bot", ["none"])) == list(await store.unmatched("bot", [])) == []
        store = await reopened(house, store)
    await store.matched("bot", "receipt:1:sent")
    await store.matched("bot", "receipt:none")
    assert await store.unmatched("bot", ["out-1"]) == ["{2}"]
    assert await store.unmatched("second", ["out-1"]) == ["{4}"]


async def test_news_kept_while_somebody_looks_is_found_by_one_of_the_two(store):
    for n in range(20):
        keeping = asyncio.create_task(store.keep_unmatched("bot", f"o{n}", f"r{n}", "{}"))
        looking = asyncio.create_task(store.unmatched("bot", [f"o{n}"]))
        await keeping
        assert await looking or await store.unmatched("bot", [f"o{n}"]) == ["{}"]


# Files.


async def test_an_upload_is_a_file_at_once(house):
    store = await house.open()
    file = KeptFile("med_1", "main", "kept", mime="image/png", name="é.png", size=7, path="ab/med_1")
    await store.add_file(file)
    assert await store.file("med_1") == file
    assert await store.pending_files(10) == []
    store = await reopened(house, store)
    assert await store.file("med_1") == file
    assert await store.file("med_2") is None


async def test_received_files_are_pending_until_they_are_fetched(store):
    await append(store, *(received(f"{n}", minute=n, parts=(picture(f"ref-{n}"),)) for n in range(4)))
    found = await store.pending_files(3)
    assert [one.id for one in found] == ["med_0_0", "med_1_0", "med_2_0"]
    expected = KeptFile(
        "med_0_0",
        "main",
        "pending",
        account="bot",
        conversation="cnv_ann",
        ref="ref-0",
        mime="image/jpeg",
        name="cat.jpg",
    )
    assert found[0] == expected
    kept_ = dataclasses.replace(expected, state="kept", size=3, path="x", mime="image/png")
    assert await store.end_fetch(kept_)
    assert await store.file("med_0_0") == kept_
    assert await store.end_fetch(dataclasses.replace(found[1], state="failed", why="gone"))
    assert [one.id for one in await store.pending_files(9)] == ["med_2_0", "med_3_0"]
    assert (await store.file("med_1_0")).why == "gone"
    await append(store, received("0", minute=0, parts=(picture("ref-0"),)))  # told again
    assert (await store.file("med_0_0")).state == "kept"


async def test_a_fetch_ends_only_what_is_pending(store):
    await append(store, received("1", minute=1, parts=(picture("ref-1"),)))
    (pending,) = await store.pending_files(3)
    kept_ = dataclasses.replace(pending, state="kept", size=3, path="x", mime="image/png")
    refused = dataclasses.replace(pending, state="failed", why="the provider does not have it")
    ended = await asyncio.gather(store.end_fetch(kept_), store.end_fetch(refused))
    assert sorted(ended) == [False, True]
    assert await store.file(pending.id) == (kept_ if ended[0] else refused)
    assert not await store.end_fetch(dataclasses.replace(pending, id="med_none", state="kept"))
    assert await store.file("med_none") is None
    erased = dataclasses.replace(pending, state="failed", why="erased", ref="", name="")
    await store.change_file(erased)
    assert not await store.end_fetch(kept_)
    assert await store.file(pending.id) == erased


def uploaded(minute, **fields):
    """A file whose id says when it came, in minutes from AT."""
    milliseconds = int((AT + timedelta(minutes=minute)).timestamp() * 1000)
    return KeptFile(f"med_{milliseconds:012x}{minute:020x}", "main", "kept", mime="image/png", size=7, **fields)


async def test_what_was_seen_of_a_file_is_kept(house):
    store = await house.open()
    file = uploaded(1)
    await store.add_file(file)
    look = Look(640, 480, 1.25, thumbnail=True)
    assert await store.note_look(file.id, look)
    store = await reopened(house, store)
    assert await store.file(file.id) == dataclasses.replace(file, look=look)
    await store.change_file(dataclasses.replace(file, state="failed", why="erased"))
    assert not await store.note_look(file.id, look)
    assert not await store.note_look("med_nothing", look)
    assert (await store.file(file.id)).look is None


async def test_old_files_are_removed_oldest_first(store):
    files = [uploaded(minute, path="x", account="bot" if minute == 2 else "", ref="r") for minute in range(1, 6)]
    for file in reversed(files):
        await store.add_file(file)
    await store.add_file(dataclasses.replace(uploaded(0), state="failed", why="gone"))
    await store.note_look(files[0].id, Look(thumbnail=True))
    before = AT + timedelta(minutes=5)
    assert list(await store.remove_files(before, 3, "too old")) == [file.id for file in files[:3]]
    assert list(await store.remove_files(before, 3, "too old")) == [files[3].id]  # the fifth is not from before
    assert list(await store.remove_files(before, 3, "too old")) == []
    removed = await store.file(files[0].id)
    assert removed == dataclasses.replace(files[0], state="removed", why="too old", path="", ref="", look=None)
    ids = [file.id for file in files]
    assert await store.lasting_files([*ids, "med_nothing"]) == {ids[4]}


async def test_an_upload_that_a_message_holds_is_not_left_over(store):
    sent, unsent, received_one = uploaded(1), uploaded(2), uploaded(3, account="bot", conversation="cnv_ann")
    for file in (sent, unsent, received_one):
        await store.add_file(file)
    await append(store, received("1"))
    asked = agents.Asked("msg_x", (Media(media_type="image", media=sent.id, mime="image/png"),), "idem:x")
    await store.append("cnv_ann", lambda view: agents.reply(view, asked, stamp(), {"bot": "telegram"}))
    assert list(await store.remove_files(AT + timedelta(days=1), 9, "never sent", unsent=True)) == [unsent.id]
    assert (await store.file(sent.id)).conversation == "cnv_ann"
    await store.rebuild(lambda *_: None)
    assert (await store.file(sent.id)).state == (await store.file(received_one.id)).state == "kept"


async def test_files_on_their_way_last(store):
    await append(store, received("1", parts=(picture("ref"),)))
    assert await store.lasting_files(["med_1_0"]) == {"med_1_0"}


# Keys.


def key(id_, name="bot", **other):
    return Key(
        **{"id": id_, "name": name, "digest": f"d-{id_}", "scope": "agent", "brands": None, "created_at": AT} | other
    )


async def test_a_name_is_free_again_once_its_key_is_revoked(house):
    store = await house.open()
    assert await store.add_key(key("key_1"))
    assert not await store.add_key(key("key_2"))
    assert await store.key_by_digest("d-key_2") is None
    assert await store.revoke_key("bot", AT)
    assert not await store.revoke_key("bot", AT)
    assert not await store.revoke_key("none", AT)
    assert await store.key_by_digest("d-key_1") is None
    assert await store.add_key(key("key_2", brands=("main", "shop")))
    assert await store.revoke_key("bot", AT + timedelta(1))
    assert await store.add_key(key("key_3", brands=()))
    store = await reopened(house, store)
    assert await store.keys() == [
        key("key_1", revoked_at=AT),
        key("key_2", brands=("main", "shop"), revoked_at=AT + timedelta(1)),
        key("key_3", brands=()),
    ]
    assert await store.key_by_digest("d-key_3") == key("key_3", brands=())
    assert await store.key_by_digest("none") is None


async def test_of_many_who_add_a_key_one_has_the_name(store):
    added = await asyncio.gather(*(store.add_key(key(f"key_{n}")) for n in range(20)))
    assert Counter(added) == {True: 1, False: 19}


async def test_changes_of_another_process_hold_at_once(house):
    server, command = await house.open(), await house.open()
    await server.set_value("seen", "1")
    await command.add_key(key("key_1"))
    assert await server.key_by_digest("d-key_1") == key("key_1")
    await command.revoke_key("bot", AT)
    assert await server.key_by_digest("d-key_1") is None
    await command.add_agent(agent("agt_1"))
    await command.add_session(Session("s", "agt_1", AT + timedelta(1)))
    assert (await server.session("s", AT)).agent == "agt_1"
    await command.end_session("s")
    assert await server.session("s", AT) is None
    assert not await server.add_agent(agent("agt_2"))


# Agents and sessions.


def agent(id_, email="grace@example.com", brands=None):
    return Agent(id_, email, "Grace Hopper", "admin", "$argon2id$…", brands)


async def test_an_address_is_one_agent_whatever_the_case_of_its_letters(store):
    assert await store.add_agent(agent("agt_1", "Grace@Example.COM", ("main",)))
    assert not await store.add_agent(agent("agt_2", "grace@example.com"))
    assert not await store.add_agent(agent("agt_2", "GRACE@EXAMPLE.COM"))
    found = await store.agent("agt_1")
    assert (found.name, found.role, found.password, found.brands) == ("Grace Hopper", "admin", "$argon2id$…", ("main",))
    assert found.email.lower() == "grace@example.com"
    assert await store.agent_by_email("gRACE@eXAMPLE.com") == found
    assert await store.agent_by_email("other@example.com") is None
    assert await store.agent("agt_2") is None


async def test_a_session_ends_with_its_time(store):
    session = Session("digest", "agt_1", AT)
    await store.add_session(session)
    assert await store.session("digest", AT - timedelta(milliseconds=1)) == session
    assert await store.session("digest", AT) is None
    assert await store.session("other", AT - timedelta(1)) is None


async def test_of_many_who_end_a_session_one_gets_it(store):
    link = Session("digest", "agt_1", AT + timedelta(1), "link")
    await store.add_session(link)
    ended = await asyncio.gather(*(store.end_session("digest") for _ in range(20)))
    assert Counter(ended) == {link: 1, None: 19}
    assert await store.session("digest", AT) is None


# Values.


async def test_values(house):
    store = await house.open()
    assert await store.value("name") is None
    assert await store.set_value("name", "one") == "one"
    assert await store.set_value("name", "two") == "two"
    assert await store.set_value("name", "three", once=True) == "two"
    assert await store.set_value("empty", "") == ""
    assert await store.set_value("empty", "late", once=True) == ""
    store = await reopened(house, store)
    assert await store.value("name") == "two"
    assert await store.value("empty") == ""


async def test_of_many_who_set_a_value_once_all_get_the_same(store):
    got = await asyncio.gather(*(store.set_value("secret", f"{n}", once=True) for n in range(50)))
    assert len(set(got)) == 1
    assert await store.value("secret") == got[0]
