"""Waits for what a customer should see, and says what was there instead."""

import asyncio
from contextlib import suppress

from gateway.simulator import lines
from gateway.simulator.scenario.acts import buttons
from gateway.simulator.scenario.model import Expect
from gateway.simulator.scenario.stage import Chat, NotDone, Stage
from gateway.simulator.store import Json

OFTEN = 0.05  # seconds between two looks
SHOWN = 60  # characters of a message in a report


async def expect(stage: Stage, step: Expect) -> None:
    """Returns once it is seen; raises NotDone when it is not in time, or when nothing was expected and it came."""
    chat = stage.chats[step.who]
    for name in filter(None, (step.deleted, step.message)):
        stage.named(name)  # else it would be waited for in vain
    found: Json | None = None
    with suppress(TimeoutError):
        async with asyncio.timeout(step.within):
            while (found := _fitting(stage, step, chat, await stage.seen(chat))) is None:  # noqa: ASYNC110 - it is asked
                await asyncio.sleep(OFTEN)
    if step.nothing and found is not None:
        raise NotDone(f"nothing was expected, but there is {_shown(found)}")
    if step.nothing:
        return
    if found is None:
        raise NotDone(f"not seen within {step.within:g} s; {_instead(stage, chat, await stage.seen(chat))}")
    stage.met.add(_version(chat, found))
    if step.name:
        stage.messages[step.name] = found["message_id"]


def _fitting(stage: Stage, step: Expect, chat: Chat, seen: list[Json]) -> Json | None:
    if step.deleted:
        gone = stage.named(step.deleted)
        return next((kept for kept in seen if kept["message_id"] == gone and kept["deleted"]), None)
    if step.reaction:
        return _reacted(stage, step, seen)
    fresh = (kept for kept in seen if _is_fresh(stage, chat, kept))
    return next((kept for kept in fresh if _fits(stage, step, kept)), None)


def _reacted(stage: Stage, step: Expect, seen: list[Json]) -> Json | None:
    own = [kept for kept in seen if kept["direction"] == "in"]
    about = [kept for kept in own if kept["message_id"] == stage.named(step.message)] if step.message else own[-1:]
    return next((kept for kept in about if step.reaction in kept["reactions"].get("bot", [])), None)


def _is_fresh(stage: Stage, chat: Chat, kept: Json) -> bool:
    """Whether the bot said it, it is still there, and no expectation has met it in this version."""
    return kept["direction"] == "out" and not kept["deleted"] and _version(chat, kept) not in stage.met


def _version(chat: Chat, kept: Json) -> tuple[Chat, int, str]:
    return chat, kept["message_id"], f"{kept['text']} {buttons(kept)}"


def _fits(stage: Stage, step: Expect, kept: Json) -> bool:
    return (
        step.text in ("", kept["text"])
        and step.contains in kept["text"]
        and step.kind in (None, kind_of(kept))
        and (not step.button or step.button in buttons(kept))
        and (not step.message or kept["message_id"] == stage.named(step.message))
    )


def kind_of(kept: Json) -> str:
    """What a line is; a place with a title is a place too."""
    kind = lines.kind_of(kept["parts"])
    return "location" if kind == "venue" else kind


def _instead(stage: Stage, chat: Chat, seen: list[Json]) -> str:
    fresh = [_shown(kept) for kept in seen if _is_fresh(stage, chat, kept)]
    return f"instead there is {', '.join(fresh[-3:])}" if fresh else "nothing came"


def _shown(kept: Json) -> str:
    text = kept["text"]
    words = f' "{text[:SHOWN]}{"…" if len(text) > SHOWN else ""}"' if text else ""
    return f"a {kind_of(kept)}{words}"
