"""An engine that hangs or is down is spared, and is asked again soon, by one search at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest

from servicekit import clock
from servicekit.testing.proxy import behind_proxy
from servicekit.testing.servers import require
from services.search.engine.breaker import Patience, guarded
from services.search.engine.errors import EngineRefused, EngineUnavailable, MissingPublisher
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings
from services.search.query.parse import parse

PATIENCE = Patience(slow_seconds=1.0, failures=3, rest_seconds=(1.0, 4.0), trial_seconds=30.0)


class Fake:
    """An engine that takes as long as the test says, by a clock of its own, and answers or fails."""

    def __init__(self) -> None:
        self.present = 0.0
        self.takes = 0.0
        self.failure: Exception | None = None
        self.asked = 0
        self.meanwhile: Callable[[], object] = lambda: None
        self.engine = guarded(self, PATIENCE, now=lambda: self.present)  # type: ignore[arg-type]

    def search(self, *arguments: Any, **named: Any) -> Any:
        self.asked += 1
        failure = self.failure
        self.present += self.takes
        self.meanwhile()
        if failure is not None:
            raise failure
        return arguments, named

    def count(self, publisher_id: str) -> int:
        return len(publisher_id)

    def outcome(self) -> str:
        """What a search ends with."""
        search: Any = self.engine.search
        try:
            search("pub_1", "query")
        except Exception as error:  # noqa: BLE001 - whatever it is
            return type(error).__name__
        return "found"


@pytest.fixture
def fake() -> Fake:
    return Fake()


def hang(fake: Fake) -> None:
    fake.failure, fake.takes = EngineUnavailable("time-out"), 5.0


def recover(fake: Fake) -> None:
    fake.failure, fake.takes = None, 0.0


def test_a_well_one_is_asked_as_it_is(fake: Fake) -> None:
    search: Any = fake.engine.search
    assert search("pub_1", "query", limit=3, later="more") == (("pub_1", "query"), {"limit": 3, "later": "more"})
    assert fake.engine.count("pub_1") == 5


def test_after_one_time_out_the_next_searches_cost_nothing(fake: Fake) -> None:
    hang(fake)
    assert fake.outcome() == "EngineUnavailable"
    assert [fake.outcome() for _ in range(50)] == ["EngineUnavailable"] * 50
    assert (fake.asked, fake.present) == (1, 5.0)
    assert fake.engine.count("pub_1") == 5, "only searching is spared"


def test_it_is_asked_again_after_a_rest_and_all_go_on_once_it_answers(fake: Fake) -> None:
    hang(fake)
    fake.outcome()
    recover(fake)
    fake.present += 1.0
    assert [fake.outcome() for _ in range(3)] == ["found"] * 3


def test_the_rests_grow_while_it_hangs_and_are_short_again_afterwards(fake: Fake) -> None:
    hang(fake)
    tried: list[float] = []
    while fake.present < 60:
        asked, present = fake.asked, fake.present
        fake.outcome()
        if fake.asked > asked:
            tried.append(present)
        else:
            fake.present += 0.5
    rests = [later - earlier - fake.takes for earlier, later in pairwise(tried)]
    assert rests[:5] == [1.0, 2.0, 4.0, 4.0, 4.0]

    recover(fake)
    fake.present += 4.0
    assert fake.outcome() == "found"
    hang(fake)
    fake.outcome()
    recover(fake)
    fake.present += 1.0
    assert fake.outcome() == "found"


def test_quick_failures_spare_it_only_when_there_are_several_in_a_row(fake: Fake) -> None:
    for _ in range(3):
        fake.failure = EngineUnavailable("429")
        assert [fake.outcome(), fake.outcome()] == ["EngineUnavailable"] * 2
        recover(fake)
        assert fake.outcome() == "found"
    fake.failure = EngineUnavailable("refused")
    asked = fake.asked
    assert [fake.outcome() for _ in range(10)] == ["EngineUnavailable"] * 10
    assert fake.asked - asked == 3
    for tried in range(1, 9):
        fake.present += 1.0
        assert [fake.outcome() for _ in range(3)] == ["EngineUnavailable"] * 3
        assert fake.asked - asked == 3 + tried, "trying costs little, so it is tried every second"


def test_one_search_that_takes_too_long_does_not_stop_the_others(fake: Fake) -> None:
    def answers_others() -> None:
        fake.meanwhile = lambda: None
        recover(fake)
        assert fake.outcome() == "found"

    hang(fake)
    fake.meanwhile = answers_others
    assert fake.outcome() == "EngineUnavailable"
    assert fake.outcome() == "found"


def test_what_the_engine_refuses_or_nobody_may_ask_is_no_failure_of_it(fake: Fake) -> None:
    fake.takes = 2.0
    for failure in (EngineRefused("no"), MissingPublisher(), ZeroDivisionError()):
        fake.failure = failure
        assert [fake.outcome() for _ in range(5)] == [type(failure).__name__] * 5
    hang(fake)
    fake.outcome()
    fake.present += 1.0
    fake.failure = EngineRefused("no")
    assert [fake.outcome(), fake.outcome()] == ["EngineRefused"] * 2, "it answers again"


def test_a_trial_that_comes_to_nothing_leaves_it_to_the_next(fake: Fake) -> None:
    hang(fake)
    fake.outcome()
    fake.present += 1.0
    fake.failure = MissingPublisher()
    assert fake.outcome() == "MissingPublisher"
    recover(fake)
    assert fake.outcome() == "found"


def test_a_trial_that_never_ends_does_not_spare_it_for_ever(fake: Fake) -> None:
    hang(fake)
    fake.outcome()
    fake.present += 1.0
    inside: list[str] = []

    def meanwhile() -> None:
        fake.meanwhile = lambda: None
        recover(fake)
        inside.append(fake.outcome())
        fake.present += 30.0
        inside.append(fake.outcome())

    fake.meanwhile = meanwhile
    fake.outcome()
    assert inside == ["EngineUnavailable", "found"]
    assert fake.outcome() == "found", "the late end of the first trial is no news"


def test_searches_under_way_when_it_was_given_a_rest_change_nothing_when_they_fail_late(fake: Fake) -> None:
    hang(fake)
    late: list[str] = []

    def meanwhile() -> None:
        fake.meanwhile = lambda: None
        late.append(fake.outcome())  # began after the outer one, and has failed before it
        fake.present += 1.0
        recover(fake)
        late.append(fake.outcome())

    fake.meanwhile = meanwhile
    fake.outcome()
    assert late == ["EngineUnavailable", "found"]
    assert fake.outcome() == "found"


def test_of_many_threads_one_tries_it_and_none_of_the_others_waits() -> None:
    release, entered = threading.Event(), threading.Event()
    asked: list[int] = []
    broken = [True]

    class Slow:
        def search(self, number: int) -> int:
            asked.append(number)
            if broken:
                raise EngineUnavailable("down")
            entered.set()
            assert release.wait(10)
            return number

    patience = Patience(failures=1, rest_seconds=(0.05, 0.05))
    search: Any = guarded(Slow(), patience).search  # type: ignore[arg-type]
    with pytest.raises(EngineUnavailable):
        search(0)
    broken.clear()
    time.sleep(0.06)

    def outcome(number: int) -> str:
        try:
            search(number)
        except EngineUnavailable:
            return "spared"
        return "found"

    with ThreadPoolExecutor(40) as pool:
        running = [pool.submit(outcome, number) for number in range(1, 41)]
        assert entered.wait(10)
        while sum(one.done() for one in running) < 39:
            time.sleep(0.001)
        assert len(asked) == 2
        release.set()
    assert sorted(one.result() for one in running) == ["found", *["spared"] * 39]
    assert outcome(99) == "found"


@pytest.mark.real("OpenSearch")
def test_a_real_one_that_hangs_costs_one_time_out() -> None:
    proxy, url = behind_proxy(require("OpenSearch"))
    proxy.swallow_answers()
    query = parse("ada", now=clock.now())
    search: Any = guarded(OpenSearchEngine(OpenSearchSettings(url=url, prefix="hangs-"))).search
    try:
        seconds = []
        for _ in range(10):
            began = time.monotonic()
            with pytest.raises(EngineUnavailable):
                search("pub_1", query, limit=1)
            seconds.append(time.monotonic() - began)
    finally:
        proxy.close()
    assert seconds[0] > 4
    assert sum(seconds[1:]) < 0.5
