"""What a measurement is: rows of a table, and rounds in which baseline and product take turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any


class CannotRun(Exception):
    """A measurement lacks something; the message says what."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``ours``, ``baseline`` and ``aim`` are in ``unit``, unless the aim is for the ratio."""

    name: str
    what: str
    ours: float
    unit: str
    aim: float
    baseline: float | None = None
    seconds: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)
    ratios: Sequence[float] = ()
    lower_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios; None without a baseline."""
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def is_met(self) -> bool:
        """A ratio is to be at least its aim, one of times at most; a time or a size at most."""
        if self.ratio is None:
            return self.ours <= self.aim
        return self.ratio <= self.aim if self.lower_is_better else self.ratio >= self.aim

    def lasting(self, seconds: float) -> Row:
        """The same, with how long the measurement took."""
        return replace(self, seconds=seconds)

    def to_json(self) -> dict[str, Any]:
        """For the file of results."""
        return {**asdict(self), "ratio": self.ratio, "met": self.is_met}


@dataclass(frozen=True, slots=True)
class Rounds:
    """The rates of both sides, round by round."""

    baseline: list[float]
    ours: list[float]

    @property
    def ratios(self) -> list[float]:
        """Ours to the baseline of the same round."""
        return [ours / baseline for ours, baseline in zip(self.ours, self.baseline, strict=True)]


def take_turns(rounds: int, *, baseline: Callable[[], float], ours: Callable[[], float]) -> Rounds:
    """Measure both so many times, one after the other: what else the machine does then troubles both."""
    found = Rounds([], [])
    for _ in range(rounds):
        found.baseline.append(baseline())
        found.ours.append(ours())
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all (0 to 1) don't exceed, by the nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 10_000) * len(ordered) // 10_000) - 1)]
