"""The imports of all services as one list, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any

from services.console.clients import Api, ApiProblem
from services.console.import_kinds import Service

PAGE_SIZE = 25
# In the place of a cursor: nothing more of this service.
ENDED = "end"


@dataclass(frozen=True, slots=True)
class Imports:
    """One page of it. ``older`` are the cursors of the next page by service, empty at the end.

    ``missing`` are the services that don't answer now; theirs begin anew when they do.
    """

    items: Sequence[tuple[Service, Mapping[str, Any]]]
    older: Mapping[str, str]
    missing: Sequence[str]


def list_imports(api: Api, services: Sequence[Service], cursors: Mapping[str, str]) -> Imports:
    """The page after these cursors. Raises ApiProblem if a service refuses, or none answers."""
    pages: dict[str, Mapping[str, Any]] = {}
    missing: dict[str, ApiProblem] = {}
    asked = [service for service in services if cursors.get(service.name) != ENDED]
    for service in asked:
        try:
            pages[service.name] = api.get(service.path, cursor=cursors.get(service.name), limit=PAGE_SIZE).body
        except ApiProblem as problem:
            if problem.status < 500 or len(missing) + 1 == len(asked):
                raise
            missing[service.name] = problem
    # IDs grow with time, and each service's list is in their order.
    listed = [[(service, job) for job in pages[service.name]["items"]] for service in asked if service.name in pages]
    items = list(islice(merge(*listed, key=lambda item: str(item[1]["id"]), reverse=True), PAGE_SIZE))
    older = {service.name: ENDED for service in services}
    for service in asked:
        shown = sum(of is service for of, _ in items)
        if service.name in missing:
            older[service.name] = cursors.get(service.name, "")
        else:
            older[service.name] = _after(api, service, pages[service.name], shown, cursors.get(service.name))
    more = any(cursor != ENDED for name, cursor in older.items() if name not in missing)
    return Imports(items, older if more else {}, list(missing))


def _after(api: Api, service: Service, page: Mapping[str, Any], shown: int, cursor: str | None) -> str:
    """The cursor that goes on after the first ``shown`` of this page."""
    if shown == len(page["items"]):
        return str(page["next_cursor"] or ENDED)
    if shown == 0:
        return cursor or ""
    return str(api.get(service.path, cursor=cursor, limit=shown).body["next_cursor"] or ENDED)
