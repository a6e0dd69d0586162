"""``passerelle replay``: requests that were kept, read again, once a connector was mended or an account was added."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated

import typer

from connectors.api import Answer, Call
from gateway.commands.common import CLOCK, WRONG, ConfigFile, Failure, loaded, opened, printable, run, say
from gateway.config import Account, Config, by_hook
from gateway.config_file import nearest
from gateway.intake import Intake
from gateway.ports import Download, Kept, NeverSent, Store
from gateway.taking import Share, Taking

_PAGE = 500


class _Silent:
    """Calls nobody: what was kept for days needs no acknowledgement any more."""

    async def perform(self, call: Call) -> Answer:
        raise NeverSent(f"{call.name} is not made while replaying")

    def download(self, call: Call, *, trusted: bool) -> AbstractAsyncContextManager[Download]:
        raise NeverSent(f"{call.name} ({trusted}) is not made while replaying")


def replay(
    config: ConfigFile,
    hook: Annotated[str | None, typer.Option(metavar="HOOK", help="Only what came by this hook.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it.")] = False,
) -> None:
    """Read kept requests again, oldest first, and say of each what came of it; what finds its place is kept no more."""
    settings = loaded(config)
    hooks = by_hook(settings.accounts.values())
    if hook is not None and hook not in hooks:
        raise Failure(f'{settings.path}: no hook is named "{hook}"', nearest(hook, hooks, "hook"), WRONG)
    told = run(_replay(settings, hooks, hook, dry=dry_run))
    if not told:
        say("nothing is kept")
        return
    found = ", ".join(f"{count} {what}" for what, count in told.items())
    say(f"{found}{'; nothing was changed (--dry-run)' if dry_run else ''}")
    if told["broke"]:
        raise typer.Exit(1)


async def _replay(
    config: Config, hooks: Mapping[str, Sequence[Account]], hook: str | None, *, dry: bool
) -> Counter[str]:
    told = Counter[str]()
    async with opened(config) as store:
        intake = Intake(store, _Silent(), CLOCK)
        taking = Taking(intake, store, CLOCK)
        ids = [kept_id async for kept_id in _ids(store, hook)]
        for kept_id in reversed(ids):
            kept = await store.kept_one(kept_id)
            if kept is not None:
                what, words = await _again(taking, kept, hooks.get(kept.hook, []), dry=dry)
                told[what] += 1
                say(printable(f"{kept.id}  {kept.hook}  {words}"))
        await intake.stop()
    return told


async def _ids(store: Store, hook: str | None) -> AsyncIterator[str]:
    """The ids of all that is kept, newest first."""
    before = None
    while page := await store.kept(_PAGE, before, hook):
        for one in page:
            yield one.id
        before = page[-1].id


async def _again(taking: Taking, kept: Kept, accounts: Sequence[Account], *, dry: bool) -> tuple[str, str]:
    """What came of one request, in a word to count by and in words to read."""
    if not accounts:
        return "kept", "still kept: no account has this hook any more"
    try:
        shares = await taking.again(kept, accounts, dry=dry)
    except Exception as error:  # noqa: BLE001 - a connector of anybody's; the others go on
        return "broke", f"still kept: reading it broke: {type(error).__name__}"
    return _told(shares, "would be taken" if dry else "taken")


def _told(shares: Sequence[Share], taken: str) -> tuple[str, str]:
    left = [share.why for share in shares if share.account is None]
    events = [event for share in shares if share.account for event in share.events]
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(event.kind for event in events).items())
    words = f"{taken}: {kinds or 'nothing that anybody reads'}" if events or not left else ""
    if left:
        return "kept", "; ".join(filter(None, (words, f"still kept: {'; '.join(left)}")))
    return taken, words
