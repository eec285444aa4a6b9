"""A column's heading as it is compared, however it is spelled; and headings that mean the same in every file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

NOT_IMPORTED = ""
REMARKS = ("row", "column", "reason")
"""The columns that a file of rejected rows has before the original ones."""

OTHER_REMARKS = ("rejected_row", "rejected_column", "rejected_reason")
"""Their names where the original ones have those."""

_PARENTHESIS = re.compile(r"\([^)]*\)")
_APART = re.compile(r"[\s_\-./*:\"'\ufeff]+")
_SECRET = {
    "password", "password hash", "passwordhash", "hashed password", "password digest", "password salt", "salt",
    "passwort", "pwd", "password encrypted", "card number", "pan", "cvc", "cvv", "card cvc", "card cvv",
}  # fmt: skip


def plain(heading: str) -> str:
    """A heading as it is compared: no letter case, no stars, one blank between words."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    return _APART.sub(" ", text).strip()


def forms(heading: str) -> tuple[str, str]:
    """A heading as it is compared, whole and without what stands in parentheses, such as ``(UTC)``."""
    return plain(heading), plain(_PARENTHESIS.sub("", heading))


def is_secret(heading: str) -> bool:
    """Whether the column holds what is never stored here: passwords in any form, card numbers."""
    return not _SECRET.isdisjoint(forms(heading))


def is_our_remark(heading: str, headings: Collection[str]) -> bool:
    """Whether the column is one that a file of rejected rows has before the original ones."""
    present = {plain(other) for other in headings}
    for remarks in (OTHER_REMARKS, REMARKS):
        names = {plain(name) for name in remarks}
        if present.issuperset(names):
            return plain(heading) in names
    return False


def remarks_beside(headings: Iterable[str]) -> tuple[str, str, str]:
    """The names of remarks that none of these columns has."""
    present = {plain(heading) for heading in headings}
    return OTHER_REMARKS if present.intersection(REMARKS) else REMARKS
