"""``docs/personal-data.md``: every place where something about a person is kept, and what becomes of it."""

from __future__ import annotations

from tools.discovery import Service, services
from tools.generate.places import PLACES
from tools.inventory import kind_of, kit_tables, own_tables

_HEAD = """\
# Personal data

Written by `python -m tools.generate` from the classification of every column; do not edit. Erasing a person
(`POST /v1/customers/{customer_id}/anonymize`) goes by this list.

- **erase**: blanked or deleted with the person.
- **keep**: about somebody else than the person erased, and kept, for the reason given.
- **keep_by_law**: kept, for the reason given.
- Columns not listed say nothing about a person.

## Tables
"""
_PLACES = """
## Other places

| place | what is there | when a person is erased | how |
|---|---|---|---|
"""


def page() -> str:
    """The inventory."""
    sections = [section for service in services() if (section := _section(service))]
    places = "\n".join(f"| {place.name} | {place.what} | {place.fate} | {place.how} |" for place in PLACES)
    return _HEAD + "".join(sections) + _PLACES + places + "\n"


def _section(service: Service) -> str:
    tables = {**own_tables(service), **kit_tables(service)}
    rows = []
    for name, table in sorted(tables.items()):
        personal = {column.name: kind_of(table, column.name) for column in table.columns}
        for kind in ("erase", "keep", "keep_by_law"):
            names = [f"`{column}`" for column, its_kind in personal.items() if its_kind == kind]
            reasons = {str(table.columns[c].info.get("reason", "")) for c, k in personal.items() if k == kind} - {""}
            if names:
                fate = ": ".join([kind, *filter(None, ["; ".join(sorted(reasons))])])
                rows.append(f"| `{name}` | {', '.join(names)} | {fate} |")
    untouched = sorted(set(tables) - {row.split("`")[1] for row in rows})
    if not tables:
        return ""
    listed = "| table | columns | when a person is erased |\n|---|---|---|\n" + "\n".join(rows) + "\n" if rows else ""
    nothing = f"\nNothing about a person in: {', '.join(f'`{name}`' for name in untouched)}.\n" if untouched else ""
    return f"\n### {service.name}\n\n{listed}{nothing}"
