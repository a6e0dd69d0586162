"""The page about the format is true: its examples are values of the model and of the schema, and it names every word."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from gateway.frames import frame, place
from normalizer import event, model, parts
from normalizer.record import By, Record, RecordKind

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "conversation-format.md").read_text()
SCHEMA = json.loads((DOCS / "conversation-format.schema.json").read_text())
KINDS: dict[str, Any] = {
    "Message": model.Message,
    "Part": parts.Part,
    "Event": event.Event,
    "Outgoing": event.Outgoing,
}


def examples() -> list[tuple[str, Any]]:
    found = re.findall(r"<!-- checked as (\w+) -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    read = [(kind, json.loads(text)) for kind, text in found]
    return [(kind, one) for kind, value in read for one in (value if isinstance(value, list) else [value])]


MODELS = [one for one in examples() if one[0] in KINDS]
KIND_OF_PARTS = [get_args(one.model_fields["kind"].annotation)[0] for one in get_args(get_args(parts.Part)[0])]
KIND_OF_EVENTS = [get_args(one.model_fields["kind"].annotation)[0] for one in get_args(get_args(event.Event)[0])]


@pytest.mark.parametrize(("kind", "example"), MODELS, ids=lambda one: str(one)[:40])
def test_an_example_is_a_value_of_the_model_and_of_the_schema(kind: str, example: Any) -> None:
    adapter = TypeAdapter(KINDS[kind])
    value = adapter.validate_python(example, extra="forbid")
    written = json.loads(adapter.dump_json(value))
    assert example == {name: written[name] for name in example}
    Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{kind}"}).validate(example)


def test_an_example_of_every_kind_is_there() -> None:
    assert {one["kind"] for kind, one in MODELS if kind == "Part"} == set(KIND_OF_PARTS)
    assert {one["kind"] for kind, one in MODELS if kind == "Event"} == set(KIND_OF_EVENTS)
    assert {kind for kind, _ in examples()} == {*KINDS, "frame"}


def test_the_example_of_a_frame_has_the_fields_of_one() -> None:
    [example] = [one for kind, one in examples() if kind == "frame"]
    by = By(**example["by"])
    at = model.in_utc_milliseconds(TypeAdapter(model.datetime).validate_python(example["at"]))
    record = Record(place(example["cursor"]), example["id"], example["stream"], example["seq"], "key", example["kind"], "main",
                    "support-telegram", by, None, at, at, example["data"])  # fmt: skip
    assert frame(record) == example


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("records", get_args(RecordKind)),
        ("statuses", tuple(model.RANK)),
        ("reasons", get_args(model.Reason)),
        ("styles", get_args(parts.Style)),
        ("media", get_args(model.MediaType)),
        ("fields of a span", tuple(parts.Span.model_fields)),
        ("fields of a file", tuple(parts.Media.model_fields)),
        ("changes of reach", get_args(event.ReachChanged.model_fields["change"].annotation)),
    ],
)
def test_every_word_is_named(what: str, words: tuple[str, ...]) -> None:
    assert [word for word in words if f"`{word}`" not in PAGE and f'"{word}"' not in PAGE] == [], what


def test_every_field_of_an_event_and_of_what_is_sent_is_named() -> None:
    models = [event.Outgoing, *get_args(get_args(event.Event)[0])]
    fields = {name for one in models for name in one.model_fields}
    assert [name for name in sorted(fields) if f'"{name}"' not in PAGE and f"`{name}`" not in PAGE] == []


def test_every_field_of_a_message_is_named() -> None:
    inner = {"order", "receipts", "reacted", "event"}
    fields = set(model.Message.model_fields) - inner
    assert [name for name in sorted(fields) if f'"{name}"' not in PAGE and f"`{name}`" not in PAGE] == []
