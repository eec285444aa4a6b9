"""When the keeper starts a server again, and when it gives up."""

from __future__ import annotations

import pytest

from embedded.keeper import MOST_ATTEMPTS, PAUSE_SECONDS, WITHIN_SECONDS, GivenUp, Keeper
from embedded.postgres_errors import ServerDidNotStart


class Bench:
    """A server that dies and starts as a test says, with its keeper and its clock."""

    def __init__(self, *, starts: bool = True) -> None:
        self.died = False
        self.starts = starts
        self.now = 0.0
        self.said: list[str] = []
        self.revivals = 0
        self.keeper = Keeper(self, say=self.said.append, revived=self._count, clock=lambda: self.now)

    def _count(self) -> None:
        self.revivals += 1

    def revive(self) -> None:
        if not self.starts:
            raise ServerDidNotStart("No room", log="")
        self.died = False

    def dies(self) -> None:
        self.died = True
        self.keeper.look()


def test_a_running_server_is_left_alone() -> None:
    bench = Bench()
    bench.keeper.look()
    assert (bench.said, bench.revivals) == ([], 0)


def test_a_dead_one_is_started_again_and_told_of_once() -> None:
    bench = Bench()
    bench.dies()
    bench.keeper.look()
    assert (len(bench.said), bench.revivals) == (1, 1)


def test_deaths_far_apart_are_never_too_many() -> None:
    bench = Bench()
    for _ in range(MOST_ATTEMPTS * 3):
        bench.dies()
        bench.now += WITHIN_SECONDS / 2
    assert bench.revivals == MOST_ATTEMPTS * 3


def test_deaths_close_together_end_it() -> None:
    bench = Bench()
    for _ in range(MOST_ATTEMPTS):
        bench.dies()
    with pytest.raises(GivenUp, match="again and again"):
        bench.dies()


def test_one_that_does_not_start_is_tried_again_after_a_pause_and_the_reason_told() -> None:
    bench = Bench(starts=False)
    bench.dies()
    bench.keeper.look()
    assert len(bench.said) == 1
    for _ in range(MOST_ATTEMPTS - 1):
        bench.now += PAUSE_SECONDS
        bench.keeper.look()
    bench.now += PAUSE_SECONDS
    with pytest.raises(GivenUp, match="No room"):
        bench.keeper.look()
    assert bench.revivals == 0
