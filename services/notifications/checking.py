"""Checking a template before it is kept: it must be readable, harmless, and say something with facts and without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import meta, nodes

from servicekit.errors import FieldError
from services.notifications.cleaning import MOST_TAGS, Forbidden, forbidden_in, has_too_many_tags
from services.notifications.errors import InvalidTemplate
from services.notifications.rendering import Brand, context_of
from services.notifications.samples import FACTS, PERSON
from services.notifications.sandbox import TemplateRefused, at_line, parsed, render
from services.notifications.wording import Source

_BRAND = Brand("Example Media", website_url="https://www.example.com", support_email="help@example.com",
               postal_address="1 Example Street\nLondon")  # fmt: skip
_CASES: tuple[dict[str, Any], ...] = (FACTS, {})
VARIABLES = tuple(sorted(context_of("receipt", "en", FACTS, brand=_BRAND, person=PERSON)))
"""What a template can name."""


def names_in(language: str) -> list[dict[str, Any]]:
    """The same with their parts: what each ``becomes`` with example data, and what ``each`` entry of a list has."""
    context = context_of("receipt", language, FACTS, brand=_BRAND, person=PERSON)
    return [told for name in VARIABLES for told in _named(name, context[name])]


def check_template(kind: str, language: str, source: Source) -> None:
    """Raise InvalidTemplate for one that can't be kept; its errors say what is wrong with which part."""
    errors = [
        FieldError(f"/{part}", message)
        for part in ("subject", "html", "text")
        for message in _faults(kind, language, part, getattr(source, part))
    ]
    if errors:
        raise InvalidTemplate(errors)


def _named(name: str, value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, Mapping):
        for part, inner in value.items():
            yield from _named(f"{name}.{part}", inner)
    elif isinstance(value, list):
        yield {"name": name, "becomes": None, "each": list(value[0]) if isinstance(value[0], Mapping) else []}
    else:
        yield {"name": name, "becomes": value, "each": None}


def _faults(kind: str, language: str, part: str, source: str) -> Iterator[str]:
    is_html = part == "html"
    try:
        if (unknown := _unknown_name(parsed(source, html=is_html))) is not None:
            yield unknown
            return
        for facts in _CASES:
            said = render(source, context_of(kind, language, facts, brand=_BRAND, person=PERSON), html=is_html)
            if not said.strip():
                yield "It says nothing."
                return
            if is_html and has_too_many_tags(said):
                yield f"More than {MOST_TAGS:,} tags."
                return
            if is_html and (found := forbidden_in(said)) is not None:
                yield at_line(f"{found.what} can't be in a mail.", _line_of(found, source))
                return
    except TemplateRefused as error:
        yield str(error)


def _unknown_name(tree: nodes.Template) -> str | None:
    """What is wrong with the first name that there isn't; None where there are all."""
    unknown = meta.find_undeclared_variables(tree) - set(VARIABLES)
    if not unknown:
        return None
    first = min(
        (node for node in tree.find_all(nodes.Name) if node.ctx == "load" and node.name in unknown),
        key=lambda node: node.lineno,
    )
    return at_line(f"There is no {first.name[:60]!r}. There are: {', '.join(VARIABLES)}.", first.lineno)


def _line_of(found: Forbidden, source: str) -> int | None:
    """The line of the source on which it is; None where only what the source becomes has it."""
    written = forbidden_in(source)
    return written.line if written is not None and written.what == found.what else None
