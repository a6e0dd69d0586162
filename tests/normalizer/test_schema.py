"""The published JSON Schema: it is the models', and it takes the contract's examples."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from test_model import CONVERSATION, EVERY_EVENT, EVERY_PART, MESSAGE, OUTGOING, PERSON

from normalizer import schema

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "conversation-format.schema.json"
AGAIN = "python -m normalizer.schema > docs/conversation-format.schema.json"


def errors(name: str, value: Any) -> list[str]:
    whole = {**schema.document(), "$ref": f"#/$defs/{name}"}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def test_the_published_schema_is_the_one_that_the_models_make(capsys):
    runpy.run_path(str(ROOT / "normalizer" / "schema.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert PUBLISHED.read_text() == printed, f"the format has changed; publish it with: {AGAIN}"


def test_it_is_a_schema_of_2020_12_with_every_name_described():
    found = schema.document()
    Draft202012Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"Message", "Conversation", "Person", "Part", "Event", "Outgoing"} <= set(found["$defs"])
    assert found["$defs"]["Message"]["properties"]["parts"]["items"] == {"$ref": "#/$defs/Part"}


def test_it_is_the_same_every_time():
    assert json.dumps(schema.document()) == json.dumps(schema.document())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Message", MESSAGE),
        ("Conversation", CONVERSATION),
        ("Person", PERSON),
        ("Outgoing", OUTGOING),
        *(("Part", part) for part in EVERY_PART),
        *(("Event", event) for event in EVERY_EVENT),
        ("Message", {**MESSAGE, "mood": "newer fields are ignored"}),
    ],
)
def test_it_takes_the_examples(name, value):
    assert errors(name, value) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Message", {**MESSAGE, "status": "lost"}),
        ("Message", {**MESSAGE, "parts": [{"kind": "dance"}]}),
        ("Message", {field: value for field, value in MESSAGE.items() if field != "author"}),
        ("Conversation", {**CONVERSATION, "person": None}),
        ("Part", {"text": "no kind"}),
        ("Part", {"kind": "location", "latitude": 91, "longitude": 0}),
        ("Event", {**EVERY_EVENT[0], "parts": []}),
        ("Outgoing", {**OUTGOING, "to": 42}),
    ],
)
def test_it_refuses(name, value):
    assert errors(name, value)
