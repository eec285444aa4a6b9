"""Which tables a service has: its own as it declares them, and the kit's as its migrations create them."""

from __future__ import annotations

import re

from sqlalchemy import Table

from servicekit.db import ddl
from servicekit.db.tables import metadata as kits_own
from tools.discovery import Service

KINDS = ("erase", "keep", "keep_by_law", "none")
"""What may become of a column: the two kinds of keeping need a reason."""


class Undeclared(Exception):
    """A table or column that nobody has classified."""


def own_tables(service: Service) -> dict[str, Table]:
    """The tables that the service declares, by name."""
    return {table.name: table for metadata in service.metadatas() for table in metadata.tables.values()}


def kit_tables(service: Service) -> dict[str, Table]:
    """The kit's tables that the service's migrations create, by name. Raises Undeclared for one that the kit lacks."""
    if service.migrations is None:
        return {}
    source = "\n".join(path.read_text("utf-8") for path in sorted(service.migrations.glob("*.py")))
    made = set()
    for builder in re.findall(r"\b(?:ddl\.)?(\w+_v\d+)\(", source):
        if hasattr(ddl, builder):
            made |= set(re.findall(r"CREATE TABLE (\w+)", "\n".join(getattr(ddl, builder)("database"))))
    if missing := made - kits_own.tables.keys():
        raise Undeclared(f"not in servicekit.db.tables: {', '.join(sorted(missing))}")
    return {name: kits_own.tables[name] for name in sorted(made)}


def kind_of(table: Table, column: str) -> str:
    """What becomes of a column when its person is erased. Raises Undeclared."""
    kind = table.columns[column].info.get("personal")
    if kind not in KINDS:
        raise Undeclared(f"{table.name}.{column} is not classified: info={{'personal': one of {', '.join(KINDS)}}}")
    return str(kind)
