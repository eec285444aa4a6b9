"""Values and HTML from outside, made harmless before they get into a mail."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any, NamedTuple

import nh3

LONGEST_VALUE = 500
"""Characters of one value: a name of a megabyte is nobody's."""

MOST_TAGS = 2_000
"""That HTML from outside may have. Parsers go down one call for each element inside another, and tens of thousands
end the whole process."""
_TAG = re.compile(r"<[A-Za-z]")

# Controls (line breaks among them: no value is more than one line), what turns the direction of the text around it,
# separators, lone surrogates, noncharacters.
_HARMFUL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]+"
)
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "div", "em", "h1", "h2", "h3", "h4", "hr", "i", "img",
    "li", "ol", "p", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"class", "style", "title", "align", "dir", "lang"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "valign", "width"},
    "th": {"colspan", "rowspan", "valign", "width", "scope"},
    "table": {"width", "cellpadding", "cellspacing", "border"},
    "ol": {"start"},
}
_STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-radius", "border-top",
    "color", "display", "font-family", "font-size", "font-style", "font-weight", "height", "letter-spacing",
    "line-height", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "padding",
    "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration",
    "text-transform", "vertical-align", "white-space", "width",
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto", "tel"}


def one_line(value: Any, most: int = LONGEST_VALUE) -> str:
    """``value`` as one line of text that can stand anywhere: in a header, in text, escaped in HTML."""
    text = _HARMFUL.sub(" ", str(value)[: 4 * most]).strip()
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def lines(value: Any, most: int = 10) -> list[str]:
    """Text of several lines, each as ``one_line``; empty ones are left out."""
    return [line for part in str(value)[:20_000].splitlines()[:most] if (line := one_line(part))]


def clean_html(html: str) -> str:
    """HTML without anything that runs, embeds or loads by itself, except pictures."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        filter_style_properties=_STYLES,
        link_rel="noopener noreferrer",
    )


def has_too_many_tags(html: str) -> bool:
    """Whether HTML must not be given to a parser that goes as deep as it does."""
    return sum(1 for _ in _TAG.finditer(html)) > MOST_TAGS


class Forbidden(NamedTuple):
    """What can't be in a mail: a tag, attribute or address, and the line it is on."""

    what: str
    line: int


def forbidden_in(html: str) -> Forbidden | None:
    """The first thing in HTML that ``clean_html`` would take away; None for nothing."""
    finder = _Finder()
    finder.feed(html)
    finder.close()
    return finder.found


class _Finder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: Forbidden | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(f"<{tag[:40]}>" if tag not in _TAGS else _forbidden_attribute(tag, attrs))

    def handle_decl(self, decl: str) -> None:
        self._note(f"<!{decl[:40]}>")

    def handle_comment(self, data: str) -> None:  # noqa: ARG002
        self._note("a comment")

    def unknown_decl(self, data: str) -> None:  # noqa: ARG002
        self._note("a declaration")

    def handle_pi(self, data: str) -> None:  # noqa: ARG002
        self._note("an instruction")

    def _note(self, what: str | None) -> None:
        if what is not None and self.found is None:
            self.found = Forbidden(what, self.getpos()[0])


def _forbidden_attribute(tag: str, attributes: list[tuple[str, str | None]]) -> str | None:
    for name, value in attributes:
        if name not in _ATTRIBUTES["*"] | _ATTRIBUTES.get(tag, set()):
            return f"the attribute {name[:40]} of <{tag}>"
        if name in ("href", "src"):
            address = (value or "").strip()
            scheme, colon, _ = address.partition(":")
            if colon and re.match(r"[a-zA-Z][\w+.-]*\Z", scheme) and scheme.lower() not in _SCHEMES:
                return f"an address of the kind {scheme[:40]}:"
    return None
