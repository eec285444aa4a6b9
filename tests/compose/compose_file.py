"""docker-compose.yml as the tests see it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(:?[-?][^}]*)?\}")


@cache
def services() -> dict[str, dict[str, Any]]:
    """Every container that the file describes, by name."""
    content: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
    return content


def processes() -> dict[str, dict[str, Any]]:
    """What runs until it is stopped."""
    return {name: service for name, service in services().items() if service["restart"] != "no"}


def tasks() -> dict[str, dict[str, Any]]:
    """What runs to its end."""
    return {name: service for name, service in services().items() if service["restart"] == "no"}


def own() -> dict[str, dict[str, Any]]:
    """What runs on the project's own image."""
    return {name: service for name, service in services().items() if "build" in service}


def commands_of_services() -> Iterator[tuple[str, str]]:
    """Every command of every ``services/**/__main__.py``: package below ``services``, command if it has several."""
    for file in sorted((ROOT / "services").glob("**/__main__.py")):
        package = ".".join(file.parent.relative_to(ROOT / "services").parts)
        main = importlib.import_module(f"services.{package}.__main__").main
        for command in main.commands if isinstance(main, click.Group) else [""]:
            yield package, command


def command_of(service: dict[str, Any]) -> tuple[str, str] | None:
    """Which of these commands a container runs, if any."""
    words = [*service.get("command", []), "", "", "", ""]
    if words[:2] != ["python", "-m"] or not words[2].startswith("services."):
        return None
    return words[2].removeprefix("services."), "" if words[3].startswith("-") else words[3]


def required_variables(text: str) -> set[str]:
    """The variables in ``text`` that have no default."""
    return {name for name, rest in VARIABLE.findall(text) if not rest.startswith((":-", "-"))}
