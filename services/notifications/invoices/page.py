"""The page to print: a document of its own that loads nothing and runs nothing, drawn with the reader's own fonts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from services.notifications.invoices.sheet import Sheet


def page_of(sheet: Sheet) -> str:
    """The page."""
    return _template().render(sheet=sheet)


@lru_cache(maxsize=1)
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html")
