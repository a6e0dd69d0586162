"""The journal's file: what it acknowledged it has, whoever is killed, however full the disk is."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from toys.journals import entry, ids

from gateway.adapters.journal import FileJournal
from gateway.ports import Unavailable

ROOT = Path(__file__).parents[2]
CHILD = """
import asyncio, os, resource, sys
from pathlib import Path
from gateway.adapters.journal import FileJournal
from gateway.ports import Unavailable
from toys.journals import entry

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

async def appends(path, name):
    journal = FileJournal(Path(path))
    await journal.start()
    async def one(lane):
        number = 0
        while True:
            given = entry(f"{name}.{lane}.{number}", os.urandom(900))
            await journal.append(given)
            say(given.id)
            number += 1
    await asyncio.gather(*(one(lane) for lane in range(8)))

async def fills(path, _):
    journal = FileJournal(Path(path))
    await journal.start()
    await asyncio.gather(*(journal.append(entry(n, b"x" * 3000)) for n in range(10)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    done = await asyncio.gather(*(journal.append(entry(n, b"x" * 3000)) for n in range(10, 60)), return_exceptions=True)
    say("refused", sum(isinstance(one, Unavailable) for one in done), "waiting", journal.length)
    say("ready", await journal.ready() == "")
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    say("ready", await journal.ready() == "")
    await journal.append(entry(60))
    say("waiting", journal.length)
    await journal.stop()

asyncio.run({"appends": appends, "fills": fills}[sys.argv[1]](*sys.argv[2:]))
"""


def child(role: str, path: Path, word: str = "-") -> subprocess.Popen[str]:
    paths = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, role, str(path), word],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[FileJournal]:
    found = FileJournal(tmp_path / "data" / "journal.db")
    await found.start()
    yield found
    await found.stop()


async def test_entries_come_back_whole_and_in_order(journal: FileJournal) -> None:
    odd = entry(2, b"\x00\xff", query={"ref": "é"}, headers={"x": "\udc80"}, accounts=("a", "b-c"), method="GET")
    for one in (entry(1), odd, entry(3)):
        await journal.append(one)
    found = await journal.oldest(2)
    assert ids(found) == ["req_1", "req_2"]
    assert [one.number for one in found] == [1, 2]
    for name in set(odd.__slots__) - {"number"}:
        assert getattr(found[1], name) == getattr(odd, name), name
    assert (journal.length, journal.since) == (3, entry(1).received_at)


async def test_what_is_forgotten_is_gone_and_numbers_are_never_given_again(journal: FileJournal) -> None:
    for number in range(1, 4):
        await journal.append(entry(number))
    await journal.forget(2)
    assert ids(await journal.oldest(10)) == ["req_3"]
    await journal.forget(3)
    assert (journal.length, journal.since, await journal.oldest(10)) == (0, None, [])
    await journal.append(entry(4))
    await journal.forget(3)
    assert [one.number for one in await journal.oldest(10)] == [4]
    assert journal.length == 1


async def test_what_is_set_aside_is_not_given_and_not_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = FileJournal(path)
    await journal.start()
    for number in range(1, 4):
        await journal.append(entry(number))
    await journal.set_aside(2, "broken")
    assert (ids(await journal.oldest(10)), journal.length) == (["req_1", "req_3"], 2)
    await journal.forget(3)
    await journal.stop()
    again = FileJournal(path)
    await again.start()
    assert again.length == 0
    await again.stop()
    db = sqlite3.connect(path)
    assert db.execute("SELECT id, aside FROM entries").fetchall() == [("req_2", "broken")]
    db.close()


async def test_many_entries_share_an_fsync(journal: FileJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = []
    insert = journal._insert

    def count(batch: Any) -> None:
        batches.append(len(batch))
        insert(batch)

    monkeypatch.setattr(journal, "_insert", count)
    await asyncio.gather(*(journal.append(entry(number)) for number in range(600)))
    assert sum(batches) == 600
    assert len(batches) <= 5
    assert max(batches) == 256


async def test_whoever_gives_up_waiting_harms_nobody_else(journal: FileJournal) -> None:
    asked = [asyncio.ensure_future(journal.append(entry(number))) for number in range(3)]
    await asyncio.sleep(0)
    asked[1].cancel()
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in done] == [type(None), asyncio.CancelledError, type(None)]
    assert journal.length == 3


async def test_a_full_journal_says_no_until_there_is_room(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal.db", max_bytes=5100)
    await journal.start()
    done = await asyncio.gather(*(journal.append(entry(n, b"x" * 1000)) for n in range(10)), return_exceptions=True)
    assert [isinstance(one, Unavailable) for one in done] == [False] * 4 + [True] * 6
    assert "full" in str(done[-1])
    await journal.forget((await journal.oldest(1))[0].number)
    await journal.append(entry(11, b"x" * 1000))
    assert await journal.ready() == ""
    await journal.append(entry(12, b"x" * (5100 - 4 * 1204 - 204)))
    assert await journal.ready() == "the journal is full"
    await journal.stop()


async def test_large_bodies_are_read_a_few_at_a_time(journal: FileJournal) -> None:
    for number in range(6):
        await journal.append(entry(number, bytes(4 << 20)))
    assert 1 < len(await journal.oldest(100)) < 6


async def test_two_edges_of_one_machine_have_a_journal_each_and_what_one_leaves_the_next_takes_over(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    one, two = FileJournal(path), FileJournal(path)
    await one.start()
    await two.start()
    await one.append(entry(1))
    await two.append(entry(2))
    await two.append(entry(3))
    await two.set_aside(2, "broken")
    await two.stop()
    third = FileJournal(path)
    await third.start()  # where the second was
    assert ids(await third.oldest(10)) == ["req_2"]
    await third.stop()
    await one.stop()
    (tmp_path / "journal-3.db").write_bytes(b"no database" * 1000)
    last = FileJournal(path)
    with capture_logs() as logs:
        await last.start()
    assert ids(await last.oldest(10)) == ["req_1", "req_2"]
    assert [one["event"] for one in logs] == ["a journal beside ours cannot be read"]
    await last.stop()
    again = FileJournal(path)
    (tmp_path / "journal-3.db").unlink()
    await again.start()
    assert ids(await again.oldest(10)) == ["req_1", "req_2"]  # once
    await again.stop()


async def test_a_journal_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    journal = FileJournal(path)
    with pytest.raises(Unavailable, match="later version"):
        await journal.start()
    await journal.stop()


async def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal.db")
    await journal.start()
    await journal.stop()
    await journal.stop()
    for asked in (journal.append(entry(1)), journal.oldest(1), journal.forget(1)):
        with pytest.raises(Unavailable, match="closed"):
            await asked
    assert await journal.ready() == "the journal is closed"


async def test_the_file_is_for_its_owner_only(journal: FileJournal) -> None:
    await journal.append(entry(1))
    for name in ("journal.db", "journal.db-wal"):
        assert (journal._path.parent / name).stat().st_mode & 0o077 == 0, name


@pytest.mark.parametrize("enough", [1, 7, 40, 150, 333])
async def test_killed_at_any_instant_it_has_everything_that_it_acknowledged(tmp_path: Path, enough: int) -> None:
    path, said = tmp_path / "journal.db", []
    for name in ("a", "b"):
        process = child("appends", path, name)
        assert process.stdout is not None
        said += [process.stdout.readline().strip() for _ in range(enough)]
        process.send_signal(signal.SIGKILL)
        said += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
    assert len(said) >= 2 * enough
    journal = FileJournal(path)
    await journal.start()
    found = ids(await journal.oldest(100_000))
    assert len(found) == len(set(found)) == journal.length
    assert set(found) >= set(said)
    for lane in range(8):  # in the order in which they were put there
        for name in ("a", "b"):
            numbers = [int(one.rsplit(".", 1)[1]) for one in found if one.startswith(f"req_{name}.{lane}.")]
            assert numbers == list(range(len(numbers)))
    await journal.stop()


async def test_a_full_disk_is_told_and_got_over(tmp_path: Path) -> None:
    process = child("fills", tmp_path / "journal.db")
    said, _ = await asyncio.to_thread(process.communicate)
    assert said.splitlines() == ["refused 50 waiting 10", "ready False", "ready True", "waiting 11"]
    journal = FileJournal(tmp_path / "journal.db")
    await journal.start()
    assert ids(await journal.oldest(100)) == [*(f"req_{n}" for n in range(10)), "req_60"]
    await journal.stop()
