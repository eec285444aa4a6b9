"""From facts to a mail: subject, HTML and text, in the publisher's frame."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import css_inline

from services.notifications import formatting
from services.notifications.cleaning import MOST_TAGS, clean_html, has_too_many_tags, lines, one_line
from services.notifications.kinds import KINDS
from services.notifications.sandbox import MOST_OUTPUT, TemplateRefused, render
from services.notifications.wording import Source, Wording, wording

LOGO = "logo"
"""The content ID by which a mail's HTML names the publisher's logo."""
LONGEST_SUBJECT = 250
_FRAME = Path(__file__).parent / "frame.html"
_STYLE = Path(__file__).parent / "frame.css"
_PLACE = re.compile(r"%([a-z]+)%")


@dataclass(frozen=True, slots=True)
class Brand:
    """How a publisher's mails look, and how it is named in them."""

    name: str
    color: str = "#1f5fa8"
    website_url: str | None = None
    support_email: str | None = None
    postal_address: str | None = None
    has_logo: bool = False
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is written to."""

    email: str
    first_name: str | None = None
    last_name: str | None = None
    language: str | None = None

    @property
    def name(self) -> str:
        """First and last name; empty where neither is known."""
        return one_line(" ".join(part for part in (self.first_name, self.last_name) if part), 200)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's content."""

    subject: str
    html: str
    text: str


def render_mail(
    kind: str, language: str, facts: Mapping[str, Any], *, brand: Brand, person: Person, source: Source | None = None
) -> Rendered:
    """The mail of a kind in one of the languages that there are; ``source`` is the publisher's own template.

    Raises TemplateRefused, and ValueError or KeyError for facts that aren't of the form that they have.
    """
    words = wording(language)
    context = context_of(kind, language, facts, brand=brand, person=person)
    template = source or words.templates[kind]
    subject = one_line(_part("subject", template, context), LONGEST_SUBJECT)
    if not subject:
        raise _of_part(TemplateRefused("The subject is empty."), "subject")
    inner = _part("html", template, context)
    body = _cleaned(inner) if source is not None else inner
    text = _part("text", template, context)
    return Rendered(subject, _framed(body, subject, language, brand, words), _text(text, brand, words))


def context_of(kind: str, language: str, facts: Mapping[str, Any], *, brand: Brand, person: Person) -> dict[str, Any]:
    """What a template can name: text, and lists and objects of text."""
    words = wording(language)
    locale = formatting.locale_for(person.language, language)
    told = formatting.shown(facts, locale, formatting.zone_for(brand.time_zone), words.words)
    named = KINDS[kind].details
    return {
        **told,
        "greeting": words.words["greeting"].format(name=person.name) if person.name else words.words["greeting_plain"],
        "customer": {
            "name": person.name,
            "first_name": one_line(person.first_name or ""),
            "last_name": one_line(person.last_name or ""),
            "email": one_line(person.email),
        },
        "publisher": {
            "name": one_line(brand.name),
            "website_url": one_line(brand.website_url or ""),
            "support_email": one_line(brand.support_email or ""),
            "postal_address": ", ".join(lines(brand.postal_address or "")),
        },
        "details": [{"label": words.labels[name], "value": told[name]} for name in named if told[name]],
        "labels": dict(words.labels),
        "lines": formatting.shown_lines(facts, locale),
        "totals": formatting.shown_totals(facts, locale, words.labels),
        "buyer": [one_line(part) for part in (facts.get("buyer") or [])[:10] if part],
    }


def _part(name: str, template: Source, context: Mapping[str, Any]) -> str:
    try:
        return render(getattr(template, name), context, html=name == "html")
    except TemplateRefused as error:
        raise _of_part(error, name) from None


def _cleaned(html: str) -> str:
    """What a publisher's own template says, made harmless. Raises TemplateRefused."""
    if has_too_many_tags(html):
        raise _of_part(TemplateRefused(f"More than {MOST_TAGS:,} tags."), "html")
    cleaned = clean_html(html)
    if len(cleaned) > MOST_OUTPUT:  # tags that aren't closed are opened again in each paragraph
        raise _of_part(TemplateRefused(f"It becomes longer than {MOST_OUTPUT:,} characters."), "html")
    return cleaned


def _of_part(error: TemplateRefused, name: str) -> TemplateRefused:
    error.part = name
    return error


def _text(body: str, brand: Brand, words: Wording) -> str:
    kept = "\n".join(line.rstrip() for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    while "\n\n\n" in kept:
        kept = kept.replace("\n\n\n", "\n\n")
    below = [*lines(brand.postal_address or "")]
    if brand.support_email:
        below.insert(0, words.words["support"].format(address=one_line(brand.support_email)))
    foot = "\n".join(["-- ", one_line(brand.name), *below])
    return f"{kept.strip()}\n\n{foot}\n"


def _framed(body: str, subject: str, language: str, brand: Brand, words: Wording) -> str:
    below = [escape(line) for line in [brand.name, *lines(brand.postal_address or "")]]
    if brand.support_email:
        below.insert(0, escape(words.words["support"].format(address=one_line(brand.support_email))))
    name = escape(one_line(brand.name))
    logo = f'<img src="cid:{LOGO}" alt="{name}" class="logo">' if brand.has_logo else f"<strong>{name}</strong>"
    parts = {"language": language, "subject": escape(subject), "head": logo, "foot": "<br>".join(below), "body": body}
    # In one pass: what somebody is called can't be taken for one of the frame's places.
    whole = _PLACE.sub(lambda place: parts[place[1]], _frame())
    return _inliner().inline(whole.replace("<style></style>", f"<style>{_style(brand.color)}</style>", 1))


@lru_cache(maxsize=1)
def _frame() -> str:
    return _FRAME.read_text("utf-8")


@lru_cache(maxsize=500)
def _style(color: str) -> str:
    return _STYLE.read_text("utf-8").replace("#123456", color)


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    # Nothing is ever fetched: neither a style sheet nor a picture of somebody's.
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False)
