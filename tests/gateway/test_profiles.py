"""Who customers are: names and pictures are asked for, kept fresh, and never in the way of messages."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toys.channel import account, no, toy
from toys.engine import Engine, engine
from toys.world import ToyHttp, until

from connectors.api import Accepted, Answer, Call, Fetched, Outcome, Profile, Refused
from gateway.config import Account
from gateway.ports import Download, Forbidden, KeptFile, NeverSent, NoAnswer, Unavailable
from normalizer.decision import Place
from normalizer.model import Person

DAY = 86_400
FACE, OTHER = b"a face", b"another face"
Told = Profile | BaseException


class Faces(ToyHttp):
    """Answers downloads too: with the bytes of ``face``, as ``mime``; or raises."""

    def __init__(self) -> None:
        super().__init__(otherwise=Answer(200, {}, b"{}"))
        self.face: bytes | BaseException = FACE
        self.mime, self.status = "image/jpeg", 200
        self.downloads: list[tuple[str, bool]] = []

    @asynccontextmanager
    async def download(self, call: Call, *, trusted: bool) -> AsyncIterator[Download]:
        self.downloads.append((call.url, trusted))
        if isinstance(self.face, BaseException):
            raise self.face
        yield Download(self.status, {"content-type": self.mime} if self.mime else {}, self._chunks(self.face))

    async def _chunks(self, face: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(face), 1 << 20):
            yield face[start : start + (1 << 20)]


class Town:
    """An engine whose provider tells what ``told`` says of everybody."""

    made: Engine

    def __init__(self, told: list[Told]) -> None:
        self.http, self.told = Faces(), told
        self.asked: list[str] = []
        self.number = 0

    def profile(self, identity: str, _settings: object) -> Generator[Call, Answer, Profile]:
        self.asked.append(identity)
        told = self.told[0] if len(self.told) == 1 else self.told.pop(0)
        yield Call("0:profile", "GET", "http://toy.invalid/who", effect=False)
        if isinstance(told, BaseException):
            raise told
        return told

    async def writes(self, name: str = "", who: str = "ann", after: float = 0, **more: Any) -> None:
        """Somebody writes, and what that calls for is done."""
        self.made.clock.turn(after)
        self.number += 1
        await self.made.hear(self.number, who, name=name, **more)
        await until(lambda: not self.made.intake._courtesies._tasks)

    async def person(self, who: str = "ann") -> Person:
        page = await self.made.store.people(None, f"toy:{who}", 10, None)
        (found,) = page.data
        return found

    async def file(self) -> KeptFile:
        found = await self.made.store.file((await self.person()).picture or "")
        assert found is not None
        return found

    def named(self) -> list[dict[str, Any]]:
        return [dict(one.data["person"]) for one in self.made.records if one.kind == "identity.named"]


def fetch(ref: str, _settings: object) -> Generator[Call, Answer, Fetched | None]:
    yield from ()
    if ref.startswith("gone"):
        return None
    if ref.startswith("no"):
        raise Refused("content_rejected", "no such file")
    return Fetched(Call("download", "GET", ref, effect=False))


@asynccontextmanager
async def town(path: Path, *told: Told, **powers: Any) -> AsyncIterator[Town]:
    found = Town(list(told))
    connector = replace(toy, **{"profile": found.profile, "fetch": fetch, **powers})
    accounts: dict[str, Account] = {"toy-one": replace(account(), connector=connector)}
    async with engine(path / "p.db", found.http, accounts) as found.made:
        yield found


async def test_a_picture_that_has_a_version_becomes_a_file_to_fetch(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Ann Lee", "pic-1", "v1")) as made:
        await made.writes()
        person = await made.person()
        assert (person.name, person.picture_version) == ("Ann Lee", "toy:ann v1")
        file = await made.file()
        assert (file.state, file.ref, file.account, file.conversation) == (
            "pending",
            "pic-1",
            "toy-one",
            person.conversation,
        )
        conversation = await made.made.store.conversation(person.conversation)
        assert conversation is not None
        assert (conversation.person.picture, conversation.person.name) == (person.picture, "Ann Lee")
        assert (made.http.downloads, len(made.named())) == ([], 1)


async def test_a_picture_without_a_version_is_known_by_its_bytes(tmp_path: Path) -> None:
    addresses = ["http://toy.invalid/1", "https://cdn.example/2", "https://cdn.example/3"]
    async with town(tmp_path, *(Profile("Ann", one) for one in addresses)) as made:
        await made.writes()
        first = await made.person()
        await made.writes(after=DAY)
        assert await made.person() == first  # another address, the same picture
        made.http.face = OTHER
        await made.writes(after=DAY)
        assert (await made.person()).picture not in {None, first.picture}
        assert made.http.downloads == [(one, one.startswith("http://toy")) for one in addresses]
        assert len(made.named()) == 2


async def test_a_new_picture_lets_the_old_one_go(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Ann", "pic-1", "v1"), Profile("Ann", "pic-2", "v2")) as made:
        await made.writes()
        old = await made.file()
        await made.writes(after=DAY)
        gone = await made.made.store.file(old.id)
        assert gone is not None
        assert (gone.state, gone.why, gone.ref, gone.path) == ("removed", "there is a newer picture", "", "")
        assert (await made.file()).ref == "pic-2"
        assert await made.made.store.lasting_files([old.id]) == set()  # so the next tidying takes its bytes


async def test_nobody_is_asked_for_twice_a_day_nor_recorded_when_nothing_is_new(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Ann", "pic-1", "v1")) as made:
        for after in (0, 10, DAY - 11):
            await made.writes(after=after)
        assert len(made.asked) == 1
        await made.writes(after=1)
        assert (len(made.asked), len(made.named())) == (2, 1)
        await made.writes(who="bob")
        assert made.asked[-1] == "toy:bob"


async def test_a_picture_is_asked_for_also_where_messages_carry_the_name(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Of old", "pic-1", "v1")) as made:
        await made.writes("Ann")
        person = await made.person()
        assert (person.name, person.picture is not None) == ("Ann", True)
        assert made.named()[0]["name"] == ""


async def test_a_picture_that_was_taken_away_is_none(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Ann", "pic-1", "v1"), Profile("Ann", "")) as made:
        await made.writes()
        old = await made.file()
        await made.writes(after=DAY)
        person = await made.person()
        assert (person.picture, person.picture_version) == (None, "")
        gone = await made.made.store.file(old.id)
        assert gone is not None
        assert gone.state == "removed"
        await made.writes(after=DAY)
        assert [one.get("picture") for one in made.named()] == [old.id, None]


async def test_what_one_identity_does_not_show_is_not_taken_from_another(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Ann", "pic-1", "v1"), Profile("Ann", ""), Profile("Ann", None)) as made:
        await made.writes(aliases=("toy:also",))
        await made.writes(after=DAY, identity="toy:also")
        await made.writes(after=DAY)
        assert (await made.person()).picture is not None


async def test_a_picture_that_was_removed_is_asked_for_again_the_next_day(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Ann", "pic-1", "v1")) as made:
        await made.writes()
        first = await made.file()
        await made.made.store.change_file(replace(first, state="removed", why="older than 90 days"))
        await made.writes(after=DAY)
        again = await made.file()
        assert (again.state, again.id != first.id) == ("pending", True)


async def test_a_picture_that_could_not_be_had_is_asked_for_again_once_it_is_another(tmp_path: Path) -> None:
    async with town(tmp_path, *[Profile("Ann", "pic-1", "v1")] * 3, Profile("Ann", "pic-2", "v2")) as made:
        await made.writes()
        first = await made.file()
        await made.made.store.change_file(replace(first, state="failed", why="it did not come"))
        for _ in range(2):
            await made.writes(after=DAY)
        assert (await made.file(), len(made.named())) == (replace(first, state="failed", why="it did not come"), 1)
        await made.writes(after=DAY)
        assert ((await made.file()).ref, len(made.named())) == ("pic-2", 2)


async def test_a_person_with_two_identities_has_the_picture_of_one(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Ann", "http://toy.invalid/1")) as made:
        await made.writes()
        first = await made.person()
        await made.writes(who="ann2", aliases=("toy:ann",))
        for _ in range(3):
            await made.writes(after=DAY)
            await made.writes(who="ann2", aliases=("toy:ann",))
        assert ((await made.person()).picture, len(made.named())) == (first.picture, 1)
        made.http.face = OTHER
        await made.writes(after=DAY)
        assert (await made.person()).picture not in {None, first.picture}


async def test_a_person_has_the_picture_of_another_identity_once_theirs_is_there_no_more(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Ann", "pic-1", "v1")) as made:
        await made.writes()
        await made.made.store.change_file(replace(await made.file(), state="removed", why="older than 90 days"))
        await made.writes(who="ann2", aliases=("toy:ann",))
        assert (await made.person()).picture_version == "toy:ann2 v1"


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ["append", "change_file"])
async def test_whoever_dies_between_two_pictures_leaves_no_old_one_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, *, done: bool
) -> None:
    async with town(tmp_path, Profile("Ann", "pic-1", "v1"), Profile("Ann", "pic-2", "v2")) as made:
        await made.writes()
        old, whole, died = await made.file(), getattr(made.made.store, step), []

        async def dies(*told: Any) -> Any:
            if step == "append" and not told[-1].startswith("toy-one:named:"):
                return await whole(*told)
            if done:
                await whole(*told)
            died.append(step)
            raise asyncio.CancelledError

        with monkeypatch.context() as patch:
            patch.setattr(made.made.store, step, dies)
            await made.writes(after=DAY)
        assert died == [step]
        await made.writes(after=DAY)
        assert (await made.file()).ref == "pic-2"
        gone = await made.made.store.file(old.id)
        assert gone is not None
        assert gone.state == "removed"


@pytest.mark.parametrize(
    "face",
    [NoAnswer("reset"), NeverSent("refused"), Forbidden("an inner address"), b"x" * (5 << 20)],
    ids=["reset", "refused", "inner", "large"],
)
async def test_a_picture_that_cannot_be_looked_at_costs_neither_message_nor_name(tmp_path: Path, face: Any) -> None:
    async with town(tmp_path, Profile("Ann", "https://cdn.example/1")) as made:
        made.http.face = face
        await made.writes()
        person = await made.person()
        assert (person.name, person.picture) == ("Ann", None)


@pytest.mark.parametrize(("mime", "status"), [("text/html", 200), ("image/jpeg", 404)])
async def test_what_is_no_picture_is_none(tmp_path: Path, mime: str, status: int) -> None:
    async with town(tmp_path, Profile("Ann", "https://cdn.example/1")) as made:
        made.http.mime, made.http.status = mime, status
        await made.writes()
        assert (await made.person()).picture is None
        made.http.mime, made.http.status = "", 200  # some say nothing
        await made.writes(after=DAY)
        assert (await made.person()).picture is not None


@pytest.mark.parametrize("ref", ["gone", "no"])
async def test_a_picture_that_the_provider_does_not_have_is_none(tmp_path: Path, ref: str) -> None:
    async with town(tmp_path, Profile("Ann", ref)) as made:
        await made.writes()
        assert ((await made.person()).name, (await made.person()).picture) == ("Ann", None)


async def test_a_channel_without_files_has_no_pictures(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Ann", "pic"), fetch=None) as made:
        await made.writes()
        assert ((await made.person()).name, (await made.person()).picture) == ("Ann", None)


async def test_who_could_not_be_asked_for_is_asked_for_again_after_a_minute(tmp_path: Path) -> None:
    async with town(tmp_path, Refused("unknown", "no"), Profile("Ann")) as made:
        await made.writes()
        await made.writes(after=59)
        assert len(made.asked) == 1
        await made.writes(after=1)
        assert (await made.person()).name == "Ann"


async def test_a_provider_that_puts_it_off_is_asked_again_too(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Ann")) as made:
        made.http.script.append(no(503))
        await made.writes()
        assert made.named() == []
        await made.writes(after=60)
        assert (await made.person()).name == "Ann"


async def test_a_provider_that_is_not_there_is_left_alone_for_a_minute(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Ann")) as made:
        made.http.script.append(NeverSent("refused"))
        await made.writes()
        for who in ("bob", "eve"):
            await made.writes(who=who)
        assert made.asked == ["toy:ann"]
        await made.writes(who="eve", after=60)
        assert made.asked == ["toy:ann", "toy:eve"]


@pytest.mark.parametrize(
    ("answer", "quiet"),
    [
        (no(503, wait=600, account=True), 600),
        (no(429, wait=600), 600),
        (no(429, wait=1), 60),
        (no(429), 60),
    ],
    ids=["account", "rate limited", "a moment", "not said"],
)
async def test_a_provider_that_throttles_is_asked_nothing_for_as_long_as_it_says(
    tmp_path: Path, answer: Answer, quiet: float
) -> None:
    async with town(tmp_path, Profile("Somebody")) as made:
        made.http.script.append(answer)
        for number in range(10):
            await made.writes(who=f"who-{number}")
        await made.writes(who="eve", after=quiet - 1)
        assert made.asked == ["toy:who-0"]
        await made.writes(who="eve", after=1)
        assert made.asked == ["toy:who-0", "toy:eve"]


async def test_one_person_put_off_stops_no_question_about_another(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Somebody")) as made:
        made.http.script.append(no(503, wait=600))
        for who in ("ann", "bob"):
            await made.writes(who=who)
        assert made.asked == ["toy:ann", "toy:bob"]


async def test_questions_are_so_far_apart_as_the_provider_would_have_its_calls(tmp_path: Path) -> None:
    def classify(call: Call, answer: Answer) -> Outcome:
        return Accepted((), rest=30.0)

    async with town(tmp_path, Profile("Somebody"), classify=classify) as made:
        for who, after in (("ann", 0), ("bob", 29), ("eve", 1)):
            await made.writes(who=who, after=after)
        assert made.asked == ["toy:ann", "toy:eve"]


async def test_questions_that_stopping_comes_before_leave_nothing_behind(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Ann")) as made:
        event, place = made.made.event(), Place("per_ann", "cnv_ann")
        courtesies = made.made.intake._courtesies
        courtesies.of(made.made.account, event, place)
        await courtesies.stop()  # before the question's first step
        gc.collect()
        assert made.asked == []
        assert courtesies._profiles._waiting["toy-one"] == 0


async def test_questions_of_an_account_wait_for_each_other_and_messages_do_not(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Somebody")) as made:
        made.http.gate = asyncio.Event()
        for who in ("ann", "bob", "eve", "max"):
            await made.made.hear(1, who, name="")
        await until(lambda: len(made.http.calls) == 2)
        assert len(await made.made.conversations()) == 4
        made.http.gate.set()
        await until(lambda: len(made.named()) == 4)


async def test_who_waits_while_the_provider_is_found_away_is_not_asked_for(tmp_path: Path) -> None:
    async with town(tmp_path, Profile("Somebody")) as made:
        made.http.gate, made.http.otherwise = asyncio.Event(), NoAnswer("cut")
        for who in ("ann", "bob", "eve", "max"):
            await made.made.hear(1, who, name="")
        await until(lambda: len(made.http.calls) == 2)
        made.http.gate.set()
        await until(lambda: not made.made.intake._courtesies._tasks)
        assert len(made.http.calls) == 2


async def test_who_comes_while_too_many_wait_is_asked_for_when_they_write_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.profiles._WAITING", 1)
    async with town(tmp_path, Profile("Somebody")) as made:
        made.http.gate = asyncio.Event()
        for who in ("ann", "bob"):
            await made.made.hear(1, who, name="")
        await until(lambda: made.http.calls)
        made.http.gate.set()
        await until(lambda: not made.made.intake._courtesies._tasks)
        await made.writes(who="bob")
        assert made.asked == ["toy:ann", "toy:bob"]


async def test_a_store_that_is_away_costs_the_picture_a_minute_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town(tmp_path, Profile("Ann")) as made:

        async def away(_person: str) -> Person | None:
            raise Unavailable("away")

        with monkeypatch.context() as patch:
            patch.setattr(made.made.store, "person", away)
            await made.writes()
        assert made.named() == []
        await made.writes(after=60)
        assert (await made.person()).name == "Ann"


async def test_a_connector_that_breaks_costs_no_message(tmp_path: Path) -> None:
    async with town(tmp_path, ValueError("our mistake")) as made:
        await made.writes()
        await made.writes()
        assert len(await made.made.conversations()) == 1


async def test_how_many_are_remembered_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.profiles._REMEMBERED", 2)
    async with town(tmp_path, Profile("Somebody")) as made:
        for who in ("ann", "bob", "eve", "ann"):
            await made.writes(who=who)
        assert made.asked == ["toy:ann", "toy:bob", "toy:eve", "toy:ann"]
