"""The conversation format as one JSON Schema (2020-12): ``python -m normalizer.schema`` prints it."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from normalizer.event import Event, Outgoing
from normalizer.model import Conversation, Message, Part, Person

_NAMED: dict[str, Any] = {
    "Message": Message,
    "Conversation": Conversation,
    "Person": Person,
    "Part": Part,
    "Event": Event,
    "Outgoing": Outgoing,
}


class _Untitled(GenerateJsonSchema):
    """Fields have names already."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


def document() -> dict[str, Any]:
    """Every value under ``$defs``, by name: validate a message against ``#/$defs/Message``."""
    asked = [(name, "validation", TypeAdapter(value)) for name, value in _NAMED.items()]
    found, rest = TypeAdapter.json_schemas(asked, schema_generator=_Untitled)  # type: ignore[arg-type] # of any value
    unions = {name: found[name, "validation"] for name in ("Part", "Event")}
    defs = {**rest["$defs"], **unions}
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "Passerelle conversation format",
        "description": "What passes between connectors, the gateway and its clients. Unknown fields are to be ignored.",
        "$defs": {name: _tagged(_by_name(defs[name], unions, within=name)) for name in sorted(defs)},
    }


def _tagged(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its ``kind`` required, where that tells it from others."""
    if "const" in schema.get("properties", {}).get("kind", {}):
        schema["required"] = ["kind", *schema.get("required", ())]
    return schema


def _by_name(node: Any, unions: dict[str, Any], within: str = "") -> Any:
    """The schema with a reference wherever a union stands that has a name."""
    for name, union in unions.items():
        if node == union and name != within:
            return {"$ref": f"#/$defs/{name}"}
    if isinstance(node, dict):
        return {key: _by_name(value, unions) for key, value in node.items()}
    return [_by_name(value, unions) for value in node] if isinstance(node, list) else node


def main() -> None:
    """Print it."""
    sys.stdout.write(json.dumps(document(), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
