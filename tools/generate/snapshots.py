"""All generated files and their present content."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

from servicekit.topology import dump_topology
from tools.discovery import ROOT
from tools.generate import asyncapi, events_page, openapi, personal_data
from tools.generate.event_schemas import event_schema, published
from tools.generate.names import names_file
from tools.generate.schemas import Json
from tools.generate.topology import topology

EVENT_SCHEMAS = Path("docs/api/events")
OPENAPI = Path("docs/api/openapi.json")
ASYNCAPI = Path("docs/asyncapi.json")
TOPOLOGY = Path("deploy/topology.json")
NAMES = Path("services/search/query/names.json")
_SHOWN_LINES = 40


def snapshots() -> dict[Path, str]:
    """Path (relative to the project) and content of every generated file."""
    made = {
        OPENAPI: _json(openapi.document()),
        ASYNCAPI: _json(asyncapi.document()),
        TOPOLOGY: dump_topology(topology()),
        Path("docs/events.md"): events_page.page(),
        Path("docs/personal-data.md"): personal_data.page(),
        NAMES: names_file(),
    }
    for service, kind in published():
        made[EVENT_SCHEMAS / f"{kind.name}.json"] = _json(event_schema(service, kind))
    return made


def write(made: dict[Path, str]) -> list[Path]:
    """Write what differs and delete schemas of events that are no longer published; what was touched."""
    touched = []
    for path, content in made.items():
        if _present(path) != content:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(content, "utf-8")
            touched.append(path)
    for path in _left_over(made):
        (ROOT / path).unlink()
        touched.append(path)
    return touched


def differences(made: dict[Path, str]) -> list[str]:
    """What is not up to date: for each file a few lines of a diff, from what is in git to what the code says."""
    found = [f"{path}: no event of this type is published any more" for path in _left_over(made)]
    for path, content in made.items():
        present = _present(path)
        if present is None:
            found.append(f"{path}: missing")
        elif present != content:
            lines = list(
                difflib.unified_diff(
                    present.splitlines(), content.splitlines(), str(path), f"{path} (generated)", lineterm="", n=1
                )
            )
            more = [f"… and {len(lines) - _SHOWN_LINES} more lines"] if len(lines) > _SHOWN_LINES else []
            found.append("\n".join([*lines[:_SHOWN_LINES], *more]))
    return found


def _present(path: Path) -> str | None:
    file = ROOT / path
    return file.read_text("utf-8") if file.exists() else None


def _left_over(made: dict[Path, str]) -> list[Path]:
    there = {path.relative_to(ROOT) for path in (ROOT / EVENT_SCHEMAS).glob("*.json")}
    return sorted(there - made.keys())


def _json(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
