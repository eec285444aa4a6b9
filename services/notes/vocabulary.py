"""Words that notes have: the flags that every publisher begins with, and the colors that flags may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

MOST_CHARACTERS = 2_500
"""Of a note: Unicode code points after normalization to NFC, line breaks counted as one."""
MOST_FLAGS = 20
"""On one note, and on one customer."""
MOST_OWN_FLAGS = 100
"""That a publisher may define."""
COLORS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "gray")


class Given(NamedTuple):
    """What a flag is called and looks like until the publisher says otherwise."""

    name: str
    color: str


GIVEN_FLAGS: Mapping[str, Given] = {
    "vip": Given("VIP", "purple"),
    "at_risk": Given("At risk", "orange"),
    "refund_pattern": Given("Refund pattern", "red"),
    "special_handling": Given("Special handling", "blue"),
}
"""By key, in the order in which they are shown."""
