"""The change history (C4): what changed, field by field."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.db.direct import Insert, Statement, execute_directly
from servicekit.ids import new_id
from services.customers.models import Change
from services.customers.views import CustomerRow

FIELDS = (
    "email",
    "first_name",
    "last_name",
    "company",
    "birthdate",
    "phone",
    "language",
    "currency",
    "country",
    "address",
    "external_ids",
    "attributes",
)
_MAPPINGS = ("address", "attributes")
_insert = Insert(Change.__table__)  # type: ignore[arg-type]


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """Each field that differs, with its old and new value; an address and attributes part by part."""
    found = []
    for field in FIELDS:
        old, new = before.get(field), after.get(field)
        if is_same(old, new):
            continue
        if field in _MAPPINGS:
            old, new = old or {}, new or {}
            found += [
                {"field": f"{field}.{part}", "old": old.get(part), "new": new.get(part)}
                for part in dict.fromkeys([*old, *new])
                if not is_same(old.get(part), new.get(part))
            ]
        else:
            found.append({"field": field, "old": _plain(old), "new": _plain(new)})
    return found


def is_same(old: Any, new: Any) -> bool:
    """Whether two values are the same in JSON: Python takes 1, 1.0 and true for equal."""
    if old is new or (type(old) is str and type(new) is str):
        return bool(old == new)
    if old is None or new is None:
        return False
    return orjson.dumps(old, option=orjson.OPT_SORT_KEYS) == orjson.dumps(new, option=orjson.OPT_SORT_KEYS)


def record(
    session: Session, customer: CustomerRow, *, action: str, fields: list[dict[str, Any]], editor: Caller, now: datetime
) -> None:
    """Add an entry to the customer's change history."""
    execute_directly(session, [entry(customer, action=action, fields=fields, editor=editor, now=now)])


def entry(
    customer: CustomerRow, *, action: str, fields: list[dict[str, Any]], editor: Caller, now: datetime
) -> Statement:
    """What ``record`` does, as a statement to be sent with others."""
    return _insert(entry_row(customer, action=action, fields=fields, editor=editor, now=now))


def entry_row(
    customer: CustomerRow, *, action: str, fields: list[dict[str, Any]], editor: Caller, now: datetime
) -> dict[str, Any]:
    """A new entry, as a row of its table."""
    return {
        "id": new_id("chg"),
        "publisher_id": customer.publisher_id,
        "customer_id": customer.id,
        "revision": customer.revision,
        "at": now,
        "editor_id": editor.actor_id,
        "editor_name": editor.name,
        "editor_kind": editor.kind,
        "action": action,
        "fields": fields,
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
