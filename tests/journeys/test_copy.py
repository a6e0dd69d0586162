"""``passerelle copy``, as an operator runs it: onto a server elsewhere, cut off, gone on with, and compared."""

from __future__ import annotations

import asyncio
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from journeys.programs import ROOT
from toys.copies import append, fill, received, relayed
from toys.servers import drop_database, fresh_database, servers_end

from gateway.adapters.mongo import MongoStore
from gateway.adapters.sqlite import SqliteStore
from gateway.adapters.system import SystemClock

__all__ = ["servers_end"]

RECORDS = 900
COPY = (sys.executable, "-m", "gateway.main", "copy")


@pytest.fixture
def database() -> Iterator[str]:
    url = fresh_database()
    yield url
    drop_database(url)


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "passerelle.db"
    store = SqliteStore(path, SystemClock())
    await store.start()
    await fill(store)
    await append(store, *(received(f"m{number}", f"w{number % 50}", number) for number in range(RECORDS)))
    await store.stop()
    return path


async def run(*words: str) -> tuple[int, str, str]:
    """Exit code, what it said, and what it said beside."""
    done = await asyncio.to_thread(
        subprocess.run, [*COPY, *words], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def steps(beside: str) -> list[int]:
    """How many records were said to be copied, each time that it was said."""
    return [int(done) for done in re.findall(r"^copying: (\d+) of \d+ records$", beside, re.MULTILINE)]


def killed_amid_records(*words: str) -> int:
    """Run it until it has copied some records, and kill it; how many it had said."""
    with subprocess.Popen(
        [*COPY, *words], cwd=ROOT, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if found := steps(line):
                process.send_signal(signal.SIGKILL)
                break
        assert process.wait() == -signal.SIGKILL
    return found[0]


async def test_killed_in_the_middle_it_goes_on_and_both_have_the_same(file: Path, database: str) -> None:
    words = ("--from", f"sqlite:{file}", "--to", database)
    done = await asyncio.to_thread(killed_amid_records, *words)
    assert 0 < done < RECORDS
    code, said, beside = await run(*words)
    assert (code, said.splitlines()[-1]) == (0, "both have the same"), beside
    assert steps(beside)[0] > done
    lines = {words[0]: words[1:] for words in (line.split() for line in said.splitlines()[1:-1])}
    assert lines["records"][0] == lines["records"][2] >= str(RECORDS)
    assert {one[-1] for one in lines.values()} == {"same"}
    store = MongoStore(database, SystemClock())
    await store.start()
    async with relayed(store):
        head = await store.head()
        page = await store.lines("cnv_w7", 200, None)
    await store.stop()
    assert head == int(lines["records"][0])
    assert len(page.data) == RECORDS // 50
    code, said, beside = await run(*words)  # once more changes nothing
    assert (code, "everything was copied before" in beside) == (0, True)
    back = file.with_name("back.db")
    code, said, _ = await run("--from", database, "--to", f"sqlite:{back}")
    assert (code, said.splitlines()[-1]) == (0, "both have the same")
    db = sqlite3.connect(back)
    db.execute("UPDATE records SET kind = 'message.read' WHERE feed = 3")
    db.commit()
    db.close()
    code, said, beside = await run("--from", f"sqlite:{file}", "--to", f"sqlite:{back}", "--verify")
    assert code == 1
    assert re.search(r"^records .*DIFFERENT$", said, re.MULTILINE)
    assert "the two differ in records" in beside


async def test_a_server_that_is_away_is_told_in_a_line(file: Path) -> None:
    away = "mongodb://ann:s3cret@127.0.0.1:9/x?serverSelectionTimeoutMS=50"
    code, _, beside = await run("--from", f"sqlite:{file}", "--to", away)
    assert (code, "cannot be reached" in beside, "s3cret" in beside) == (1, True, False)
