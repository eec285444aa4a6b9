"""What somebody types to find a customer by a real address: its parts, without diacritics, and with a typo."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.names import name_for

ADDRESSES = Path(__file__).resolve().parents[2] / "services" / "search" / "tests" / "data" / "addresses.jsonl"
PARTS = ("line1", "city", "state", "postal_code", "country")
SEARCHED = ("line1", "city", "state", "postal_code")
SHORTEST_WITH_A_TYPO = 4
_WORD = re.compile(r"[^\W\d_]+")
_SEVERAL = re.compile("[,;]")


@dataclass(frozen=True, slots=True)
class Search:
    """One search: which part of whose address, how it is typed, and the text itself."""

    resident: int
    part: str
    how: str
    text: str


def residents() -> list[dict[str, Any]]:
    """A customer at each address, with a name that fits its country."""
    found = []
    for number, line in enumerate(ADDRESSES.read_text(encoding="utf-8").splitlines()):
        address = json.loads(line)
        first_name, last_name = name_for(address["country"], number)
        found.append(
            {
                "email": f"resident-{number}@{address['country'].lower()}.example.com",
                "first_name": first_name,
                "last_name": last_name,
                "address": {part: address[part] for part in PARTS if address.get(part)},
                "external_ids": [{"id": f"R-{number:04}"}],
            }
        )
    return found


def searches(resident: int, address: dict[str, str]) -> Iterator[Search]:
    """By each part that there is: as it is written, without diacritics where that differs, and the street mistyped."""
    for part in SEARCHED:
        for text in typed(part, address.get(part, "")):
            yield Search(resident, part, "as written", text)
            if without_diacritics(text) != text:
                yield Search(resident, part, "without diacritics", without_diacritics(text))
    mistyped = with_typo(address.get("line1", ""), resident)
    if mistyped:
        yield Search(resident, "line1", "with a typo", mistyped)


def typed(part: str, value: str) -> list[str]:
    """The value, or of several postal codes the first and the last: nobody types all."""
    if part == "postal_code" and _SEVERAL.search(value):
        codes = [code.strip() for code in _SEVERAL.split(value) if code.strip()]
        return [codes[0], codes[-1]]
    return [value] if value else []


def without_diacritics(text: str) -> str:
    """``text`` without the marks that Unicode can take off its letters."""
    kept = (sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return unicodedata.normalize("NFC", "".join(kept))


def with_typo(line: str, number: int) -> str | None:
    """The line with one typo in one of its words; which one and what it is go by ``number``. None if all are short."""
    words = [word for word in _WORD.finditer(line) if len(word[0]) >= SHORTEST_WITH_A_TYPO]
    if not words:
        return None
    word = words[number // 3 % len(words)]
    return line[: word.start()] + _mistyped(word[0], number) + line[word.end() :]


def _mistyped(word: str, number: int) -> str:
    """Two neighbors swapped, a letter dropped, or one replaced by another of the word; never just another case."""
    places = range(len(word))
    made = {
        0: [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places[1:-1]],
        1: [word[:at] + word[at + 1 :] for at in places[1:]],
        2: [word[:at] + letter + word[at + 1 :] for at in places[1:] for letter in dict.fromkeys(word.lower())],
    }
    wrong = [text for text in made[number % 3] or made[2] if text.lower() != word.lower()] or made[1]
    return wrong[number * 7 % len(wrong)]
