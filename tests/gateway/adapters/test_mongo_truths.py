"""What is true beside the log, on MongoDB: owners that were overtaken, answers that got lost, writers that died half way."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import AsyncMongoClient
from pymongo.errors import AutoReconnect
from toys.servers import drop_database, fresh_database, own_ferretdb, servers_end

sys.path.insert(0, str(Path(__file__).parents[2] / "ports"))

from store_kit import AT, StandingClock

from connectors.api import Answer
from gateway.adapters.mongo import files
from gateway.adapters.mongo.collections import TRUTHS_INDEXES, Collections
from gateway.adapters.mongo.files import FilesPart
from gateway.adapters.mongo.keyring import KeyringPart
from gateway.adapters.mongo.leases import LeasesPart
from gateway.adapters.mongo.pruning import PruningPart
from gateway.adapters.mongo.settings import SettingsPart
from gateway.adapters.mongo.truths import AttemptsPart, LeftoversPart
from gateway.ports import Agent, Attempt, Kept, KeptFile, Key, Lease, Look, Session, Unavailable

__all__ = ["servers_end"]

ATTEMPT = Attempt("msg_1:0:1", "msg_1", 0, 1, "send", 0, AT)
FILE = KeptFile("med_1", "main", "pending", account="bot", conversation="cnv_1", ref="secret-ref", name="secret.jpg")


class Truths(AttemptsPart, LeftoversPart, FilesPart, KeyringPart, SettingsPart, LeasesPart, PruningPart):
    """All of it, without a log: nothing is ever to be waited for."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._clock = StandingClock()
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, serverSelectionTimeoutMS=1500)
        self._collections = Collections(self.client, urlsplit(url).path.strip("/"))

    @property
    def db(self) -> Collections:
        return self._collections

    async def _views_at_head(self) -> None:
        pass


class House:
    def __init__(self, url: str) -> None:
        self.url = url
        self._opened: list[Truths] = []

    def open(self) -> Truths:
        self._opened.append(Truths(self.url))
        return self._opened[-1]

    async def close(self) -> None:
        for one in self._opened:
            await one.client.close()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    url = fresh_database()
    found = House(url)
    yield found
    await found.close()
    drop_database(url)


def lose_answers(collection, name="insert_one", *, before=False):
    """The next write reaches the server (or, ``before``, does not) and its answer never reaches us."""
    real = getattr(collection, name)

    async def lost(*args, **kwargs):
        delattr(collection, name)
        if not before:
            await real(*args, **kwargs)
        raise AutoReconnect("connection closed")

    setattr(collection, name, lost)


# Attempts.


@pytest.mark.parametrize("before", [True, False])
async def test_an_attempt_whose_answer_got_lost_may_be_begun_again_by_its_owner_alone(house, before):
    owner, other = house.open(), house.open()
    lose_answers(owner.db.attempts, before=before)
    with pytest.raises(Unavailable):
        await owner.begin(ATTEMPT)
    assert await owner.attempts("msg_1") == []  # nobody called
    assert await other.attempts("msg_1") == ([] if before else [ATTEMPT])  # who can say
    began = await asyncio.gather(*(one.begin(ATTEMPT) for one in [owner] * 5))
    assert Counter(began) == {True: 1, False: 4}
    assert await other.begin(ATTEMPT) is False
    assert await owner.attempts("msg_1") == await other.attempts("msg_1") == [ATTEMPT]


async def test_an_attempt_in_doubt_that_another_process_began_is_theirs(house):
    owner, other = house.open(), house.open()
    lose_answers(owner.db.attempts, before=True)
    with pytest.raises(Unavailable):
        await owner.begin(ATTEMPT)
    assert await other.begin(ATTEMPT)
    assert await owner.attempts("msg_1") == [ATTEMPT]
    assert await owner.begin(ATTEMPT) is False
    assert await owner.begin(ATTEMPT) is False


async def test_a_doubt_that_cannot_be_cleared_stays_one(house):
    owner = house.open()
    lose_answers(owner.db.attempts)
    with pytest.raises(Unavailable):
        await owner.begin(ATTEMPT)
    lose_answers(owner.db.attempts, "find_one")
    with pytest.raises(Unavailable):
        await owner.begin(ATTEMPT)
    assert await owner.attempts("msg_1") == []
    assert await owner.begin(ATTEMPT) is True


async def test_an_owner_that_comes_back_late_may_only_answer_its_own_call_once(house):
    stale, owner = house.open(), house.open()
    assert await stale.begin(ATTEMPT)
    assert await owner.attempts("msg_1") == [ATTEMPT]  # uncertain: its owner is gone, or so it seems
    second = dataclasses.replace(ATTEMPT, id="msg_1:0:2", number=2)
    assert await owner.begin(second)
    answered = dataclasses.replace(ATTEMPT, answer=Answer(200, {"x.y": "z"}, b"{}"))
    await stale.finish(answered)
    await stale.finish(dataclasses.replace(ATTEMPT, error="no answer"))  # cannot take back what somebody has read
    assert await stale.begin(second) is False
    assert await owner.attempts("msg_1") == [answered, second]


async def test_an_answer_whose_writing_got_lost_is_written_again(house):
    owner = house.open()
    await owner.begin(ATTEMPT)
    answered = dataclasses.replace(ATTEMPT, answer=Answer(200, {}, b"ok"))
    lose_answers(owner.db.answers)
    with pytest.raises(Unavailable):
        await owner.finish(answered)
    await owner.finish(answered)
    assert await owner.attempts("msg_1") == [answered]


# Files.


async def documents(house, collection):
    one = house.open()
    return await one.db.named(collection).find().to_list()


def fetched(file=FILE, path="aa/med_1"):
    return dataclasses.replace(file, state="kept", mime="image/png", size=9, path=path)


async def test_a_change_holds_though_its_writer_dies_before_the_lists_know(house):
    dying, other = house.open(), house.open()
    await files.received(dying.db, [FILE])
    lose_answers(dying.db.files, "replace_one", before=True)
    assert await dying.end_fetch(fetched())
    assert (await documents(house, "files"))[0]["state"] == "pending"
    assert await other.file("med_1") == fetched()
    assert not await other.end_fetch(dataclasses.replace(FILE, state="failed", why="late"))
    assert await other.pending_files(10) == []
    assert (await documents(house, "files"))[0]["state"] == "kept"  # mended by whoever noticed
    assert await other.remove_files(AT, 10, "old") == []
    assert await other.lasting_files(["med_1"]) == {"med_1"}


async def test_a_list_that_is_set_back_by_a_late_writer_changes_no_file(house):
    one, other = house.open(), house.open()
    await files.received(one.db, [FILE])
    before = (await documents(house, "files"))[0]
    assert await one.end_fetch(fetched())
    assert await one.note_look("med_1", Look(1, 2))
    await one.db.files.replace_one({"_id": "med_1"}, before)
    assert await other.pending_files(10) == []
    await one.db.files.replace_one({"_id": "med_1"}, before)
    assert await other.file("med_1") == dataclasses.replace(fetched(), look=Look(1, 2))
    assert not await other.end_fetch(fetched(path="other"))


async def test_nothing_of_an_erased_file_is_left(house):
    one = house.open()
    await files.received(one.db, [FILE])
    await one.end_fetch(fetched())
    await one.note_look("med_1", Look(1, 2))
    assert "secret" in repr(await documents(house, "changes"))
    await one.change_file(
        dataclasses.replace(fetched(), state="failed", why="erased", ref="", name="", path="", size=0)
    )
    assert "secret" not in repr(await documents(house, "files") + await documents(house, "changes"))
    assert (await one.file("med_1")).why == "erased"
    assert not await one.note_look("med_1", Look(3, 4))


async def test_what_messages_brought_is_noted_once_and_keeps_what_is_known(house):
    one = house.open()
    second = dataclasses.replace(FILE, id="med_2")
    await files.received(one.db, [FILE])
    await one.end_fetch(fetched())
    await files.received(one.db, [FILE, second])
    await files.received(one.db, [])
    assert await one.file("med_1") == fetched()
    assert await one.file("med_2") == second


async def test_an_upload_is_held_by_the_first_message_that_sends_it(house):
    one = house.open()
    upload = KeptFile("med_9", "main", "kept", path="x")
    await one.add_file(upload)
    await asyncio.gather(*(files.sent(one.db, "cnv_a", ["med_9"]) for _ in range(3)))
    await files.sent(one.db, "cnv_b", ["med_9"])
    await files.sent(one.db, "cnv_b", ["med_none"])
    assert await one.file("med_9") == dataclasses.replace(upload, conversation="cnv_a")
    await files.received(one.db, [FILE])
    await files.sent(one.db, "cnv_b", ["med_1"])
    assert await one.file("med_1") == FILE


async def test_many_who_change_a_file_each_see_what_the_one_before_made(house):
    stores = [house.open() for _ in range(3)]
    await files.received(stores[0].db, [FILE])

    def longer(file):
        return dataclasses.replace(file, size=file.size + 1)

    done = await asyncio.gather(*(files._change(stores[n % 3].db, "med_1", longer) for n in range(12)))
    assert done == [True] * 12
    assert (await stores[0].file("med_1")).size == 12


async def test_a_file_that_seems_to_change_for_ever_is_unavailable(house):
    one = house.open()
    await files.received(one.db, [FILE])
    await one.db.changes.insert_one({"_id": "med_1:1"})

    async def blind(*_):
        return None

    one.db.changes.find_one = blind  # a change that is on no majority's disks yet
    with pytest.raises(Unavailable, match="med_1"):
        await one.end_fetch(fetched())


ACTS = st.lists(st.sampled_from(["kept", "failed", "look", "erase", "remove", "hold", "dies"]), max_size=10)


def hold(file):
    return None if file.conversation else dataclasses.replace(file, conversation="cnv_x")


@given(acts=ACTS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whoever_races_a_file_ends_in_a_state_that_the_winners_made(acts):
    """Whatever is done at once, and whoever dies before the lists know, all readers agree and no end is undone."""

    async def play():
        url = fresh_database()
        house = House(url)
        one, two = house.open(), house.open()
        await files.received(one.db, [dataclasses.replace(FILE, account="", conversation="")])

        async def act(n, what):
            store = (one, two)[n % 2]
            if what == "dies":
                lose_answers(store.db.files, "replace_one", before=True)
                return False
            if what == "look":
                return await store.note_look("med_1", Look(n, n))
            if what == "erase":
                await store.change_file(dataclasses.replace(FILE, state="failed", why="erased"))
                return True
            if what == "remove":
                return bool(await store.remove_files(AT, 9, "old"))
            if what == "hold":
                return await files._change(store.db, "med_1", hold)
            return await store.end_fetch(dataclasses.replace(fetched(), state=what))

        done = await asyncio.gather(*(act(n, what) for n, what in enumerate(acts)))
        seen = [await store.file("med_1") for store in (one, two, two)]
        pending = await one.pending_files(9)
        changes = await one.db.changes.driven.count_documents({})
        await house.close()
        drop_database(url)
        return done, seen, pending, changes

    done, seen, pending, changes = asyncio.run(play())
    assert seen[0] == seen[1] == seen[2]
    won = Counter(what for what, did in zip(acts, done, strict=True) if did)
    assert won["kept"] + won["failed"] <= 1
    assert changes == sum(won.values())  # whoever was told so has changed it, and nobody else has
    if won["erase"]:
        assert seen[0].why == "erased"
    assert pending == ([seen[0]] if seen[0].state == "pending" else [])


# Keys, sessions, values.


def key(number, **fields):
    return dataclasses.replace(Key(f"key_{number}", "bot", f"d{number}", "agent", None, AT), **fields)


async def test_a_key_in_use_is_one_whoever_races(house):
    stores = [house.open() for _ in range(3)]
    for turn in range(4):
        numbers = range(turn * 20, turn * 20 + 12)
        added = await asyncio.gather(*(stores[n % 3].add_key(key(n)) for n in numbers))
        assert Counter(added) == {True: 1, False: 11}
        ended = await asyncio.gather(*(store.revoke_key("bot", AT) for store in stores * 3))
        assert Counter(ended) == {True: 1, False: 8}
    assert len(await stores[0].keys()) == 4


async def test_a_key_copied_from_elsewhere_may_have_been_revoked(house):
    one = house.open()
    ended = key(1, revoked_at=AT + timedelta(hours=1))
    assert await one.add_key(ended)
    assert await one.add_key(key(2, brands=("main",)))
    assert await one.key_by_digest("d1") is None
    assert await one.keys() == [ended, key(2, brands=("main",))]


async def test_a_session_that_one_has_ended_is_ended_for_all_though_nobody_tidied_up(house):
    one, other = house.open(), house.open()
    session = Session("digest", "agt_1", AT + timedelta(hours=1))
    await one.add_session(session)
    later = dataclasses.replace(session, expires_at=AT + timedelta(hours=2))
    await one.add_session(later)
    assert await other.session("digest", AT) == later
    lose_answers(one.db.ended)
    with pytest.raises(Unavailable):
        await one.end_session("digest")
    assert await other.session("digest", AT) is None
    assert await other.end_session("digest") is None
    assert await other.end_session("none") is None


async def test_a_value_that_is_just_being_set_is_nobodys_yet(house):
    one, other = house.open(), house.open()
    await one.set_value("name", "one", once=True)

    async def blind(*_):
        return None

    other.db.settings.find_one = blind
    with pytest.raises(Unavailable):
        await other.set_value("name", "two", once=True)


# Leases.


async def test_who_slept_until_its_epoch_was_swept_away_gets_no_lease(house):
    sleeper, awake = house.open(), house.open()
    for epoch in range(1, 9):
        assert await awake.take_lease(Lease("relay", epoch, "awake"))
    assert await sleeper.take_lease(Lease("relay", 3, "sleeper")) is False
    assert await sleeper.leases() == [Lease("relay", 8, "awake")]
    assert await sleeper.db.leases.driven.count_documents({}) == 1


async def test_a_lease_is_taken_though_the_old_ones_cannot_be_swept(house):
    one = house.open()
    assert await one.take_lease(Lease("relay", 1, "a"))
    lose_answers(one.db.leases, "delete_many", before=True)
    assert await one.take_lease(Lease("relay", 2, "a"))
    assert await one.leases() == [Lease("relay", 2, "a")]


# Forgetting.


async def test_what_is_older_goes_and_what_is_still_to_be_sent_stays(house):
    one = house.open()
    await one.db.unsettled.insert_one({"_id": "msg_2"})
    for message in ("msg_1", "msg_2"):
        attempt = dataclasses.replace(ATTEMPT, id=f"{message}:0:1", message=message)
        await one.begin(attempt)
        await one.finish(dataclasses.replace(attempt, error="x"))
    young = dataclasses.replace(ATTEMPT, id="msg_3:0:1", message="msg_3", started_at=AT + timedelta(days=40))
    await one.begin(young)
    await one.keep(Kept("req_1", "hook", "malformed", AT, "POST", "/", {"a.b": "c"}, b""))
    await one.keep(
        Kept("req_1", "hook", "malformed", AT, "POST", "/", {"a.b": "c"}, b"")
    )  # told nothing the first time
    await one.keep_unmatched("bot", "nobody:1", "receipt:1", "{}")
    for name in ("ended", "open"):
        await one.add_session(Session(name, "agt_1", AT + timedelta(days=1)))
    await one.end_session("ended")
    assert await one.prune(AT + timedelta(days=60), AT + timedelta(days=30)) == 5
    assert await one.attempts("msg_1") == []
    assert len(await one.attempts("msg_2")) == 1
    assert await one.attempts("msg_3") == [young]
    assert {one["_id"] for one in await documents(house, "answers")} == {"msg_2:0:1"}
    assert await documents(house, "ended") == []
    assert await one.prune(AT + timedelta(days=60), AT + timedelta(days=30)) == 0


# No server.


async def test_without_its_server_everything_is_unavailable_and_then_it_is_there_again():
    with own_ferretdb() as server:
        house = House(fresh_database(server.url))
        one = house.open()
        for index in TRUTHS_INDEXES:
            await one.db.named(index.collection).create_index([(key, 1) for key in index.keys], unique=index.unique)
        await one.begin(ATTEMPT)
        server.kill()
        assert not server.running
        asked = [
            one.begin(dataclasses.replace(ATTEMPT, id="msg_1:0:2", number=2)),
            one.finish(ATTEMPT),
            one.attempts("msg_1"),
            one.keep(Kept("req_1", "hook", "why", AT, "POST", "/", {}, b"")),
            one.kept(9),
            one.kept_one("req_1"),
            one.forget_kept("req_1"),
            one.keep_unmatched("bot", "p", "e", "{}"),
            one.unmatched("bot", ["p"]),
            one.waiting_news(),
            one.matched("bot", "e"),
            one.add_file(FILE),
            one.file("med_1"),
            one.end_fetch(FILE),
            one.pending_files(9),
            one.note_look("med_1", Look()),
            one.remove_files(AT, 9, "old"),
            one.lasting_files(["med_1"]),
            files.received(one.db, [FILE]),
            files.sent(one.db, "cnv_1", ["med_1"]),
            one.add_key(key(1)),
            one.key_by_digest("d1"),
            one.keys(),
            one.revoke_key("bot", AT),
            one.add_agent(Agent("agt_1", "a@b.c", "A", "agent", "x")),
            one.agent("agt_1"),
            one.agent_by_email("a@b.c"),
            one.add_session(Session("s", "agt_1", AT)),
            one.session("s", AT),
            one.end_session("s"),
            one.value("name"),
            one.set_value("name", "value"),
            one.leases(),
            one.take_lease(Lease("relay", 1, "a")),
            one.prune(AT, AT),
        ]
        done = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in done] == [Unavailable] * len(asked), done
        server.start()
        assert await one.begin(ATTEMPT) is False
        assert await one.attempts("msg_1") == [ATTEMPT]
        assert await one.begin(dataclasses.replace(ATTEMPT, id="msg_1:0:2", number=2))
        await house.close()
