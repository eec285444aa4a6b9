"""Events: CloudEvents 1.0 in structured JSON, and the declaration of the types a service publishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from marshmallow import Schema, fields

from servicekit.clock import rfc3339

CONTENT_TYPE = "application/cloudevents+json"
LONGEST_ATTRIBUTE = 200
"""Characters in an envelope's attribute. Ours are far shorter; what comes from outside must fit into an index."""


class MalformedEvent(ValueError):
    """The bytes are no CloudEvent of ours."""


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event that a service publishes.

    ``name`` is also the routing key; ``schema`` describes ``data``, its fields marked
    ``metadata={"personal": True}`` where they say something about a person.
    """

    name: str
    schema: type[Schema]
    summary: str

    def without_personal(self, data: dict[str, Any]) -> dict[str, Any]:
        """``data`` with nothing about a person left: null, or empty where it was a list or an object."""
        personal = {name: field for name, field in self.schema().fields.items() if field.metadata.get("personal")}
        return {name: _emptied(personal[name]) if name in personal else value for name, value in data.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One published fact, with the full public state of its subject after the change.

    ``subject`` is the aggregate: order, version and shard go by it. ``datasubject`` is the person the event is
    about, if any: erasure, aliases, parked messages and the event log go by that one.
    """

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    publisher_id: str
    aggregate_version: int
    data: dict[str, Any]
    datasubject: str | None = None
    traceparent: str | None = None

    def to_json(self) -> bytes:
        """The CloudEvent in structured JSON, UTF-8."""
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": rfc3339(self.time),
            "datacontenttype": "application/json",
            "publisherid": self.publisher_id,
            "aggregateversion": self.aggregate_version,
            "data": self.data,
        }
        if self.datasubject is not None:
            envelope["datasubject"] = self.datasubject
        if self.traceparent is not None:
            envelope["traceparent"] = self.traceparent
        return orjson.dumps(envelope)

    @classmethod
    def from_json(cls, body: bytes | str) -> Event:
        """Read a CloudEvent; unknown attributes are ignored.

        Raises MalformedEvent if it isn't JSON, lacks an attribute that ours have, or has one that is no text or
        is longer than ``LONGEST_ATTRIBUTE``.
        """
        try:
            envelope = orjson.loads(body)
            event = cls(
                id=_text(envelope["id"]),
                type=_text(envelope["type"]),
                source=_text(envelope["source"]),
                subject=_text(envelope["subject"]),
                time=datetime.fromisoformat(_text(envelope["time"])),
                publisher_id=_text(envelope["publisherid"]),
                aggregate_version=int(envelope["aggregateversion"]),
                data=envelope["data"],
                datasubject=_optional_text(envelope.get("datasubject")),
                traceparent=_optional_text(envelope.get("traceparent")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedEvent(f"not a CloudEvent of ours: {type(error).__name__} {error}") from error
        if not isinstance(event.data, dict):
            raise MalformedEvent("data is not an object")
        return event


def _emptied(field: fields.Field[Any]) -> Any:
    if field.allow_none:
        return None
    return [] if isinstance(field, fields.List) else {}


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("an attribute that must be text isn't")
    if len(value) > LONGEST_ATTRIBUTE:
        raise ValueError(f"an attribute is longer than {LONGEST_ATTRIBUTE} characters")
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)
