"""Reproducible chance: what is drawn for a customer depends on the seed and its number alone.

Python's own generators are not used: what they draw may change with its version. SHAKE-128 (FIPS 202) never will.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable
from hashlib import shake_128
from itertools import accumulate
from typing import Generic, TypeVar

DRAWS = 32
RANGE = 1 << 32
_UNPACK = struct.Struct(f"<{DRAWS}I").unpack

T = TypeVar("T")


def draws(seed: int, number: int) -> tuple[int, ...]:
    """``DRAWS`` numbers from 0 to 2**32 - 1, each to be used for one thing only."""
    return _UNPACK(shake_128(b"customer %d %d" % (seed, number)).digest(4 * DRAWS))


def share(percent: int) -> int:
    """Below this are ``percent`` of 100 draws."""
    return percent * RANGE // 100


def below(limit: int, draw: int) -> int:
    """From 0 to ``limit - 1``, each as often as the others."""
    return draw * limit >> 32


class Choice(Generic[T]):
    """Values of which some are drawn more often than others."""

    __slots__ = ("_limits", "values")

    def __init__(self, weighted: Iterable[tuple[T, int]]) -> None:
        drawn = [(value, weight) for value, weight in weighted if weight > 0]
        self.values = [value for value, _ in drawn]
        sums = list(accumulate(weight for _, weight in drawn))
        self._limits = [limit * RANGE // sums[-1] for limit in sums[:-1]]

    def pick(self, draw: int) -> T:
        """The value that this draw stands for."""
        return self.values[bisect_right(self._limits, draw)]


def by_rank(values: Iterable[T], flatness: int) -> list[tuple[T, int]]:
    """Values in the order of their frequency, with weights that fall by Zipf's law, the slower the flatter."""
    return [(value, 1_000_000 // (rank + flatness)) for rank, value in enumerate(values, 1)]
