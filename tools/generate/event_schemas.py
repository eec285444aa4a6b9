"""A JSON Schema (2020-12) for each published event type: the CloudEvents envelope and the type's own data."""

from __future__ import annotations

from collections.abc import Iterator

from servicekit.events import EventType
from tools.discovery import Service, services
from tools.generate.schemas import Clash, Json, closed, of_marshmallow, opened, with_refs

_TRACEPARENT = "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"


def published() -> Iterator[tuple[Service, EventType]]:
    """Every event type with the service that publishes it. Raises Clash if two publish the same."""
    producers: dict[str, str] = {}
    for service in services():
        for kind in service.published:
            if producers.setdefault(kind.name, service.name) != service.name:
                raise Clash(f"{kind.name} is published by {producers[kind.name]} and by {service.name}")
            yield service, kind


def event_schema(service: Service, kind: EventType, *, strict: bool = False) -> Json:
    """The schema of one type. With ``strict`` it also forbids what isn't declared: what a producer must keep to."""
    components = of_marshmallow(kind.schema, "data")
    prepared = with_refs(components, "#/$defs/")
    prepared = closed(prepared) if strict else opened(prepared)
    data = {"description": "The full public state after the change.", **prepared.pop("data")}
    properties: Json = {
        "specversion": {"const": "1.0"},
        "id": _text("This event's own ID; a repeated delivery has the same.", "evt_06h5yvkg1scm7h3b8k5rqt2xzw"),
        "source": {"const": f"/{service.name}", "description": "The service that says so."},
        "type": {"const": kind.name, "description": "Also the AMQP routing key."},
        "subject": _text("The thing that changed (the aggregate).", "cus_06h5yvkg1scm7h3b8k5rqt2xzw"),
        "time": {"type": "string", "format": "date-time", "description": "When it happened, UTC."},
        "datacontenttype": {"const": "application/json"},
        "publisherid": _text("Whose it is.", "pub_06h5yvkg1scm7h3b8k5rqt2xzw"),
        "aggregateversion": {"type": "integer", "minimum": 1, "description": "Counts the changes of the subject."},
        "datasubject": _text("The person it is about, where there is one.", "cus_06h5yvkg1scm7h3b8k5rqt2xzw"),
        "traceparent": {"type": "string", "pattern": _TRACEPARENT, "description": "W3C Trace Context of its cause."},
        "data": data,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:accounts:event:{kind.name}",
        "title": kind.name,
        "description": kind.summary,
        "type": "object",
        "required": [name for name in properties if name not in ("datasubject", "traceparent")],
        "properties": properties,
        **({"additionalProperties": False} if strict else {}),
        **({"$defs": prepared} if prepared else {}),
    }


def _text(description: str, example: str) -> Json:
    return {"type": "string", "minLength": 1, "description": description, "examples": [example]}
