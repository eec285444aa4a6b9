"""The AsyncAPI 3.0 document: what is published, to whom it goes, and its schemas."""

from __future__ import annotations

import json
from pathlib import Path

from servicekit.events import CONTENT_TYPE
from tools.discovery import Service
from tools.generate.event_schemas import event_schema, published
from tools.generate.schemas import Json, mapped
from tools.generate.topology import EXCHANGE, topology

_DESCRIPTION = """\
Every acknowledged change is published as a CloudEvent (structured mode, JSON) to one topic exchange, the routing key
being its type. At least once; first deliveries leave in order for each `subject`; a later `aggregateversion` replaces
an earlier one. Ignore types and fields that you don't know. See docs/consuming-events.md.
"""


def document() -> Json:
    """The document of all services' events."""
    channels: dict[str, Json] = {}
    operations: dict[str, Json] = {}
    messages: dict[str, Json] = {}
    routes = topology()
    for service, kind in published():
        channels[kind.name] = {
            "address": kind.name,
            "description": kind.summary,
            "messages": {kind.name: {"$ref": f"#/components/messages/{kind.name}"}},
            "bindings": {
                "amqp": {
                    "is": "routingKey",
                    "exchange": {"name": EXCHANGE, "type": "topic", "durable": True, "vhost": "/"},
                    "bindingVersion": "0.3.0",
                }
            },
        }
        operations[f"{service.name}.publish.{kind.name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{kind.name}"},
            "summary": kind.summary,
            "tags": [{"name": service.name}],
            "x-queues": routes.queues_for(kind.name),
        }
        messages[kind.name] = _message(service, kind.name, kind.summary, event_schema(service, kind))
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Customer Accounts events", "version": "1.0.0", "description": _DESCRIPTION},
        "defaultContentType": CONTENT_TYPE,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _message(service: Service, name: str, summary: str, schema: Json) -> Json:
    message: Json = {
        "name": name,
        "title": name,
        "summary": summary,
        "contentType": CONTENT_TYPE,
        # Its own schema format, so that the payload is plain JSON Schema and can be cut out and used as it is.
        "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": _inlined(schema)},
    }
    examples = [{"name": path.stem, "payload": _json(path)} for path in service.contracts if path.stem == name]
    return {**message, "examples": examples} if examples else message


def _inlined(schema: Json) -> Json:
    """Without ``$defs``: a reference from inside would have to name its place in the whole document."""
    definitions = schema.get("$defs", {})

    def resolve(item: Json) -> Json:
        reference = item.get("$ref", "")
        if not reference.startswith("#/$defs/"):
            return item
        beside = {key: value for key, value in item.items() if key != "$ref"}
        return {**_again(definitions[reference.removeprefix("#/$defs/")]), **beside}

    def _again(node: Json) -> Json:
        resolved: Json = mapped(node, resolve)
        return resolved

    return _again({key: value for key, value in schema.items() if key != "$defs"})


def _json(path: Path) -> Json:
    content: Json = json.loads(path.read_bytes())
    return content
