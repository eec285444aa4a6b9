"""Where people live: a country's cities with their states and postal codes, its streets, and how it writes all that."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from embedded.demo.draws import Choice, by_rank, share
from embedded.demo.names import Names, listed, names_of

FOLDER = Path(__file__).parent / "data" / "places"
_CODES = re.compile(r"(?P<before>[A-Z]*)(?P<low>\d+)(?:-(?P<high>\d+))?(?P<after>.*)\Z")
# Letters that the postal codes of Argentina, Canada, Great Britain, Ireland and the Netherlands all have.
_LETTERS = "AEHNPRTWX"
_CITY_FLATNESS, _STREET_FLATNESS = 4, 20


@dataclass(frozen=True, slots=True)
class PostalCodes:
    """A range of postal codes, e.g. ``80331-81929`` or ``EH1-17 #@@`` (# any digit, @ a letter)."""

    before: str
    low: int
    count: int
    width: int
    after: str
    cut: int
    separator: str

    def code(self, draw: int, more: int) -> str:
        """One of them, in the form of the country."""
        digits = f"{self.low + (draw * self.count >> 32):0{self.width}}"
        if self.separator:
            return f"{digits[: self.cut]}{self.separator}{digits[self.cut :]}"
        return f"{self.before}{digits}{_filled(self.after, more)}" if self.after else self.before + digits


@dataclass(frozen=True, slots=True)
class City:
    """A city; its telephone numbers are patterns of ``%`` with the number of digits that they take."""

    name: str
    state: str | None
    codes: PostalCodes | None
    phones: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Locale:
    """A language in a country. The shares are limits of draws."""

    name: str
    country: str
    language: str
    currency: str
    weight: int
    names: Choice[Names]
    cities: Choice[City]
    streets: Choice[str]
    lines: tuple[str, ...]
    second_lines: tuple[str, ...]
    second_share: int
    state_share: int
    domains: Choice[str]
    companies: Choice[str]


@cache
def locales() -> Choice[Locale]:
    """All there are, by how many of the customers live there."""
    loaded = [_locale(path) for path in sorted(FOLDER.glob("*.toml"))]
    return Choice((locale, locale.weight) for locale in loaded)


def _locale(path: Path) -> Locale:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Locale(
        name=path.stem,
        country=table["country"],
        language=table["language"],
        currency=table["currency"],
        weight=table["weight"],
        names=Choice((names_of(language), often) for language, often in table["names"].items()),
        cities=Choice(by_rank([_city(row, table) for row in table["cities"].strip().splitlines()], _CITY_FLATNESS)),
        streets=Choice(by_rank(listed(table["streets"]), _STREET_FLATNESS)),
        lines=tuple(table["lines"]),
        second_lines=tuple(table["second_lines"]),
        second_share=share(table["second_share"]),
        state_share=share(table.get("state_share", 100)),
        domains=Choice(by_rank(table["mail"], 1)),
        companies=Choice(by_rank(table["companies"], 6)),
    )


def _city(row: str, table: dict[str, Any]) -> City:
    """Of ``name | state | postal codes | area code``, the last two only where there are any."""
    name, state, codes, area = (*(part.strip() for part in row.split("|")), "")[:4]
    forms = [form.replace("{area}", area) for form in table["phones"] if area or "{area}" not in form]
    return City(
        name=name,
        state=state or None,
        codes=_codes(codes, table.get("postal_form", "")) if codes else None,
        phones=tuple((form.replace("#", "%s"), form.count("#")) for form in forms),
    )


def _codes(text: str, form: str) -> PostalCodes:
    match = _CODES.match(text)
    if match is None:
        raise ValueError(f"not a range of postal codes: {text}")
    low, high = match["low"], match["high"] or match["low"]
    separator = form.strip("#")
    return PostalCodes(
        before=match["before"],
        low=int(low),
        count=int(high) - int(low) + 1,
        width=len(low),
        after=match["after"],
        cut=form.index(separator) if separator else 0,
        separator=separator,
    )


def _filled(pattern: str, draw: int) -> str:
    filled = []
    for sign in pattern:
        if sign == "#":
            draw, digit = divmod(draw, 10)
            filled.append(str(digit))
        elif sign == "@":
            draw, letter = divmod(draw, len(_LETTERS))
            filled.append(_LETTERS[letter])
        else:
            filled.append(sign)
    return "".join(filled)
