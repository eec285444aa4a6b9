"""What is really published, held against the contract: for tests that see what passes the bus."""

from __future__ import annotations

import json
from functools import cache

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from tools.generate.event_schemas import event_schema, published


class BrokenContract(AssertionError):
    """An event that isn't as the contract says. The message names the place, and quotes the event: for tests only."""


def validate_event(event_json: bytes) -> None:
    """Hold one published event, as it travels, against its type's schema; undeclared fields are refused too.

    Raises BrokenContract, also for a type that no service declares.
    """
    event = json.loads(event_json)
    validator = _validators().get(event.get("type"))
    if validator is None:
        raise BrokenContract(f"no service declares the event type {event.get('type')!r}")
    error = best_match(validator.iter_errors(event))
    if error is not None:
        raise BrokenContract(f"{event['type']} at {error.json_path}: {error.message}")


@cache
def _validators() -> dict[str, Draft202012Validator]:
    return {
        kind.name: Draft202012Validator(
            event_schema(service, kind, strict=True), format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        for service, kind in published()
    }
