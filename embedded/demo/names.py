"""Names of a language by their frequency: given names of women and men, family names, and how they join."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from embedded.demo.draws import Choice, by_rank, share
from embedded.demo.romanize import romanize

FOLDER = Path(__file__).parent / "data" / "names"
# Of 100 people whose given names are made of two parts, so many have one that is listed whole.
_WHOLE = 25


@dataclass(frozen=True, slots=True)
class Name:
    """A name, and how its bearer writes it in an email address (a to z)."""

    text: str
    roman: str

    def joined(self, other: Name, joint: str) -> Name:
        """A double name."""
        return Name(f"{self.text}{joint}{other.text}", self.roman + other.roman)


@dataclass(frozen=True, slots=True)
class Names:
    """A language's names. Index 0 is for women, 1 for men; the shares are limits of draws."""

    given: tuple[Choice[Name], Choice[Name]]
    families: Choice[tuple[Name, Name]]
    second_share: int
    double_share: int
    double_joint: str

    def given_name(self, man: int, draw: int, second: int, which: int) -> Name:
        """A given name, or two."""
        name = self.given[man].pick(draw)
        if second < self.second_share:
            other = self.given[man].pick(which)
            if other.text not in name.text:
                return name.joined(other, " ")
        return name

    def family_name(self, man: int, draw: int, double: int, which: int) -> Name:
        """A family name, or two joined as the language does."""
        name = self.families.pick(draw)[man]
        if double < self.double_share:
            other = self.families.pick(which)[man]
            if other != name and len(name.text) + len(other.text) < 40:
                return name.joined(other, self.double_joint)
        return name


@cache
def names_of(language: str) -> Names:
    """The names of ``data/names/<language>.toml``. Raises FileNotFoundError."""
    table = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return Names(
        given=(_given(table, "female", language), _given(table, "male", language)),
        families=_families(table, language),
        second_share=share(table.get("second_share", 0)),
        double_share=share(table.get("double_share", 0)),
        double_joint=table.get("double_joint", ""),
    )


def listed(text: str) -> list[str]:
    """The entries of a list as the tables write it: separated by commas, over any number of lines."""
    return [" ".join(entry.split()) for entry in text.split(",") if entry.strip()]


def _name(entry: str, language: str) -> Name:
    """Of ``Müller``, or of ``佐藤=sato`` where the letters alone don't tell how it is said."""
    text, _, roman = entry.partition("=")
    return Name(text, roman or romanize(text, language))


def _given(table: dict[str, Any], key: str, language: str) -> Choice[Name]:
    flatness = table["given_flatness"]
    whole = by_rank([_name(entry, language) for entry in listed(table[key])], flatness)
    if f"{key}_parts" not in table:
        return Choice(whole)
    parts, ends = (
        by_rank([_name(entry, language) for entry in listed(table[f"{key}_{place}"])], flatness)
        for place in ("parts", "ends")
    )
    made = [
        (part.joined(end, ""), often * too)
        for part, often in parts
        for end, too in ends
        if part.text != end.text and (part.text + end.text) not in {name.text for name, _ in whole}
    ]
    factor = sum(often for _, often in made) * _WHOLE // ((100 - _WHOLE) * sum(often for _, often in whole))
    return Choice([*((name, often * factor) for name, often in whole), *made])


def _families(table: dict[str, Any], language: str) -> Choice[tuple[Name, Name]]:
    endings = sorted(table.get("feminine", {}).items(), key=lambda ending: -len(ending[0]))
    pairs = []
    for entry in listed(table["family"]):
        man = _name(entry, language)
        woman = _feminine(man.text, endings)
        pairs.append((man if woman == man.text else _name(woman, language), man))
    return Choice(by_rank(pairs, table["family_flatness"]))


def _feminine(family: str, endings: Sequence[tuple[str, str]]) -> str:
    if " " in family:
        return family
    for ending, replacement in endings:
        if family.endswith(ending):
            return family[: len(family) - len(ending)] + replacement
    return family
