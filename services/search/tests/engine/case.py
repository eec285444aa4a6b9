"""One line of the acceptance table: who must be found by what."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """One search and who is found by it; ``requirement`` is its id in the requirements.

    ``found`` names exactly those of ``customers.py`` who are found, nobody else. ``>`` separates ranks: those before it
    come first; within a rank the order is not promised.
    """

    requirement: str
    query: str
    found: str
