"""Checking a template before it is kept: it must be readable, harmless, and say something with facts and without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jinja2 import meta

from servicekit.errors import FieldError
from services.notifications.cleaning import forbidden_in
from services.notifications.errors import InvalidTemplate
from services.notifications.rendering import Brand, context_of
from services.notifications.samples import FACTS, PERSON
from services.notifications.sandbox import TemplateRefused, parsed, render
from services.notifications.wording import Source

_BRAND = Brand("Example Media", website_url="https://www.example.com", support_email="help@example.com",
               postal_address="1 Example Street\nLondon")  # fmt: skip
_CASES: tuple[dict[str, Any], ...] = (FACTS, {})
VARIABLES = tuple(sorted(context_of("receipt", "en", FACTS, brand=_BRAND, person=PERSON)))
"""What a template can name."""


def check_template(kind: str, language: str, source: Source) -> None:
    """Raise InvalidTemplate for one that can't be kept; its errors say what is wrong with which part."""
    errors = [
        FieldError(f"/{part}", message)
        for part in ("subject", "html", "text")
        for message in _faults(kind, language, part, getattr(source, part))
    ]
    if errors:
        raise InvalidTemplate(errors)


def _faults(kind: str, language: str, part: str, source: str) -> Iterator[str]:
    is_html = part == "html"
    try:
        unknown = meta.find_undeclared_variables(parsed(source, html=is_html)) - set(VARIABLES)
        if unknown:
            yield f"There is no {sorted(unknown)[0][:60]!r}. There are: {', '.join(VARIABLES)}."
            return
        for facts in _CASES:
            said = render(source, context_of(kind, language, facts, brand=_BRAND, person=PERSON), html=is_html)
            if not said.strip():
                yield "It says nothing."
                return
            if is_html and (found := forbidden_in(said)) is not None:
                yield f"{found} can't be in a mail."
                return
    except TemplateRefused as error:
        yield str(error)
