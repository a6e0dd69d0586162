"""The AsyncAPI 3.0 document: what is published on RabbitMQ, from the models that the API is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from agent_api.announced import TOLD, EventShown
from normalizer.record import RecordKind

EXCHANGE = "passerelle.events"
CONTENT_TYPE = "application/cloudevents+json"
KINDS: tuple[str, ...] = get_args(RecordKind)
_REF = "#/components/schemas/{model}"
_SERVER = {
    "host": "rabbitmq.example.com:5671",
    "protocol": "amqps",
    "protocolVersion": "0.9.1",
    "description": "The RabbitMQ that `broker` in the configuration names; each integrator has a user of their own.",
}
_ADDRESS = "{kind}.{channel}.{account}"
_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "kind": {"description": "The kind of the record: two words with a dot.", "enum": list(KINDS)},
    "channel": {"description": "The channel of the account, such as `telegram`; `-` where there is no account."},
    "account": {"description": "The account's name; `-` where the record is not about one."},
}
_HEADERS = {
    "type": "object",
    "description": "The properties of the AMQP message.",
    "required": ["message_id", "content_type", "delivery_mode"],
    "properties": {
        "message_id": {"type": "string", "description": "The record's id, and the event's: drop what you know."},
        "content_type": {"const": CONTENT_TYPE},
        "delivery_mode": {"const": 2, "description": "Persistent."},
    },
}
_ABOUT = """Each record of the gateway is published once it is durable: persistent, confirmed, at least once, in the
order of the feed. A repeat has the same bytes. Whoever drops the ids that they know sees every record once and in
order. Bind a queue of your own to the exchange; docs/events.md says how."""


def document(version: str) -> dict[str, Any]:
    """The whole document. https://www.asyncapi.com/docs/reference/specification/v3.0.0"""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Passerelle", "version": version, "description": _ABOUT.replace("\n", " ")},
        "defaultContentType": CONTENT_TYPE,
        "servers": {"rabbitmq": _SERVER},
        "channels": {"events": _channel()},
        "operations": {"publish": _operation()},
        "components": {"messages": {_name(kind): _message(kind) for kind in KINDS}, "schemas": _schemas()},
    }


def _channel() -> dict[str, Any]:
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False, "vhost": "/"}
    return {
        "address": _ADDRESS,
        "title": "Events",
        "description": f"The topic exchange `{EXCHANGE}`; the address is the routing key.",
        "servers": [{"$ref": "#/servers/rabbitmq"}],
        "parameters": {name: dict(told) for name, told in _PARAMETERS.items()},
        "messages": {_name(kind): {"$ref": f"#/components/messages/{_name(kind)}"} for kind in KINDS},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
    }


def _operation() -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": "#/channels/events"},
        "summary": "The gateway publishes every record.",
        "messages": [{"$ref": f"#/channels/events/messages/{_name(kind)}"} for kind in KINDS],
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": False, "bindingVersion": "0.3.0"}},
    }


def _message(kind: str) -> dict[str, Any]:
    told = TOLD[kind]
    data = {"properties": {"type": {"const": kind}, "data": {"$ref": _REF.format(model=told.__name__)}}}
    return {
        "name": kind,
        "title": kind,
        "summary": (told.__doc__ or "").split("\n", 1)[0],
        "contentType": CONTENT_TYPE,
        "headers": _HEADERS,
        "payload": {"allOf": [{"$ref": _REF.format(model=EventShown.__name__)}, data]},
        "bindings": {"amqp": {"messageType": kind, "bindingVersion": "0.3.0"}},
    }


def _name(kind: str) -> str:
    """Of a message in the document: names have no dots."""
    return "".join(piece.title() for piece in kind.replace(".", "_").split("_"))


def _schemas() -> dict[str, Any]:
    models: dict[type[BaseModel], None] = dict.fromkeys((EventShown, *TOLD.values()))
    found: dict[str, Any] = models_json_schema([(model, "serialization") for model in models], ref_template=_REF)[1][
        "$defs"
    ]
    return found
