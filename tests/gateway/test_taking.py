"""What was kept, taken again: by whom it was accepted, and as of when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from toys.channel import account
from toys.engine import Engine, engine

from connectors.api import Request
from gateway.config import Account
from gateway.ports import Kept
from gateway.taking import Heard, Taking


def body(made: Engine, number: int = 1, **fields: Any) -> bytes:
    return json.dumps([json.loads(made.event(number, **fields).model_dump_json())]).encode()


async def kept_of(made: Engine, account_: Account, content: bytes) -> Kept:
    """A request that one account accepted and that is for nobody yet."""
    taking = Taking(made.intake, made.store, made.clock)
    request = Request("POST", "/hooks/shared", {}, made.clock.now(), body=content)
    await taking.take(Heard(request, "shared", (account_,), "req_1"))
    (kept,) = await made.store.kept(10)
    found = await made.store.kept_one(kept.id)
    assert found is not None
    return found


@pytest.mark.parametrize(("secret", "taken"), [("s-a", True), ("s-b", False)])
async def test_only_who_accepted_it_or_shares_its_secret_is_given_what_was_kept(
    tmp_path: Path, secret: str, taken: bool
) -> None:
    one = account("one", hook="shared", own="a", secret="s-a")
    two = account("two", hook="shared", own="b", secret=secret)
    async with engine(tmp_path / "p.db", accounts={"one": one, "two": two}) as made:
        kept = await kept_of(made, one, body(made, to="b"))
        assert kept.accounts == ("one",)
        taking = Taking(made.intake, made.store, made.clock)
        shares = await taking.again(kept, (one, two), dry=False)
        assert [share.account.name if share.account else None for share in shares] == ["two" if taken else None]
        assert [record.account for record in made.records] == (["two"] if taken else [])
        assert bool(await made.store.kept(10)) is not taken
        assert (await taking.again(kept, (), dry=False))[0].account is None


async def test_what_is_taken_again_arrived_when_it_did(tmp_path: Path) -> None:
    one = account("one", hook="shared", own="a")
    async with engine(tmp_path / "p.db", accounts={"one": one}) as made:
        arrived = made.clock.now()
        kept = await kept_of(made, one, body(made, to="b"))
        made.clock.turn(3 * 86400)
        mended = account("one", hook="shared", own="b")
        await Taking(made.intake, made.store, made.clock).again(kept, (mended,), dry=False)
        (record,) = made.records
        assert (record.received_at, record.at) == (arrived, made.clock.now())
        found = await made.store.conversation(record.stream)
        assert found is not None
        assert found.unanswered_since == arrived


async def test_what_reads_as_nothing_now_stays_kept(tmp_path: Path) -> None:
    one = account("one", hook="shared", own="a")
    async with engine(tmp_path / "p.db", accounts={"one": one}) as made:
        kept = await kept_of(made, one, b"[1]")
        empty = Kept(**{name: getattr(kept, name) for name in kept.__slots__} | {"body": b"[]"})
        assert await Taking(made.intake, made.store, made.clock).again(empty, (one,), dry=False) == ()
        assert await made.store.kept(10)


async def test_a_header_that_is_no_text_keeps_nothing_from_being_kept(tmp_path: Path) -> None:
    one = account("one", hook="shared", own="a")
    async with engine(tmp_path / "p.db", accounts={"one": one}) as made:
        headers = {"X-Name": b"Andr\xe9".decode("utf-8", "surrogateescape"), "X-Plain": "Andr\u00e9"}
        taking = Taking(made.intake, made.store, made.clock)
        request = Request("POST", "/hooks/shared", headers, made.clock.now(), body=b"[1]")
        await taking.take(Heard(request, "shared", (one,), "req_1"))
        found = await made.store.kept_one("req_1")
        assert found is not None
        assert found.headers == {"x-name": "Andr\ufffd", "x-plain": "Andr\u00e9"}
