"""One run: writers write, processes are killed, everything comes to rest, and is checked."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.process.checks import check_everything, wait_for_rest
from tests.process.kills import AT_RANDOM, POINTS
from tests.process.load import Load
from tests.process.product import Product, Servers, running_product
from tests.process.recorder import Recorder
from tests.process.waiting import wait_until

REST_SECONDS = 180.0


@dataclass
class Report:
    """What a run did and found."""

    seed: int
    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a kind was killed at a point."""
    acknowledged: int = 0
    anonymized: int = 0
    customers: int = 0
    deliveries: int = 0
    slowest: float = 0.0
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    stages: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def in_flight(self, kind: str) -> int:
        """How many kills of a kind hit it with work in hand."""
        return sum(self.kills[kind, point] for point in POINTS[kind])

    def lines(self) -> list[str]:
        """For people."""
        found = [f"seed {self.seed}, {self.seconds:.0f} s"]
        found += [
            f"{kind}: {self.in_flight(kind)} kills with work in flight ("
            + ", ".join(f"{point.partition(':')[2]} {self.kills[kind, point]}" for point in POINTS[kind])
            + f"), {self.kills[kind, AT_RANDOM]} at a random moment"
            for kind in POINTS
        ]
        found += self.stages
        statuses = ", ".join(f"{status or 'broken off'}: {count}" for status, count in sorted(self.statuses.items()))
        found.append(
            f"{self.acknowledged} writes acknowledged, {self.customers} customers, {self.anonymized} anonymized"
        )
        found.append(f"answers by status: {statuses}; slowest write {self.slowest:.1f} s with all its tries")
        found.append(f"{self.deliveries} deliveries to the recorder")
        found += [f"WRONG: {problem}" for problem in self.problems] or ["nothing lost, nothing twice"]
        return found


@dataclass
class Run:
    """A run under way."""

    product: Product
    load: Load
    recorder: Recorder
    report: Report
    draw: random.Random

    def kill_until(self, wanted: int, seconds: float, *, every: float) -> None:
        """Kill, until each kind was killed ``wanted`` times with work in flight. Raises TookTooLong."""
        self.product.fleet.arm()
        due = time.monotonic() + every

        def too_few() -> Mapping[str, int]:
            nonlocal due
            self.load.check()
            if time.monotonic() >= due:
                self.product.fleet.kill_any(self.draw)
                due = time.monotonic() + self.draw.uniform(0.5, 1.5) * every
            self.count()
            return {kind: self.report.in_flight(kind) for kind in POINTS if self.report.in_flight(kind) < wanted}

        wait_until(f"{wanted} kills of each kind", seconds, too_few)
        self.product.fleet.disarm()

    def write_more(self, writes: int, seconds: float) -> None:
        """Wait until so many more writes were acknowledged. Raises TookTooLong."""
        target = self.load.acknowledged + writes

        def missing() -> int:
            self.load.check()
            return max(0, target - self.load.acknowledged)

        wait_until(f"{writes} more writes are acknowledged", seconds, missing)

    def write_for(self, seconds: float) -> None:
        """Let writers write for so long; something must be acknowledged in each tenth of it. Raises TookTooLong."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.write_more(1, max(5.0, seconds / 10))

    def count(self) -> None:
        """Take the kills so far into the report."""
        self.report.kills = Counter((kill.kind, kill.point) for kill in self.product.fleet.log.read())

    def stage(self, what: str, action: Callable[[], object]) -> None:
        """Do something, and note how long it took and how much was acknowledged meanwhile."""
        began, before = time.monotonic(), self.load.acknowledged
        action()
        seconds, writes = time.monotonic() - began, self.load.acknowledged - before
        self.report.stages.append(f"{what}: {seconds:.0f} s, {writes} writes acknowledged meanwhile")


@contextmanager
def disturbed(
    servers: Servers, directory: Path, *, seed: int, writers: int = 4, kinds: Sequence[str] = tuple(POINTS)
) -> Iterator[Run]:
    """Writers write while the block disturbs; then everything is waited for and checked. Raises AssertionError with
    everything that is wrong; the report has it too."""
    report, began = Report(seed), time.monotonic()
    with running_product(servers, directory, seed=seed, kinds=kinds) as product:
        recorder = Recorder(product.amqp_url)
        recorder.begin()
        load = Load(product, product.publisher(), seed=seed, writers=writers)
        load.start()
        run = Run(product, load, recorder, report, random.Random(f"{seed}/parent"))
        run.write_more(20, 60.0)
        yield run
        product.fleet.disarm()
        load.finish()
        wait_for_rest(product, REST_SECONDS)
        recorder.halt()
        run.count()
        known = load.known()
        report.acknowledged, report.customers = load.acknowledged, len(known)
        report.anonymized = sum(customer.anonymized for customer in known.values())
        report.statuses, report.slowest, report.deliveries = load.statuses, load.slowest, recorder.deliveries
        report.problems = check_everything(product, load.publisher.publisher_id, known, recorder)
        report.problems += product.fleet.unexpected
        report.seconds = time.monotonic() - began
        if not report.problems:
            product.fleet.stop()
    assert not report.problems, "\n".join(report.lines())
