"""The product's processes: started by fork from one that has everything imported, and started again when they die."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Iterable
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.process.children import Program, run
from tests.process.kills import AT_RANDOM, POINTS, Kill, KillLog, Sentence
from tests.process.waiting import wait_until

STOP_SECONDS = 30.0
_context = multiprocessing.get_context("forkserver")


class Fleet:
    """Keeps programs running. With ``seed`` those of a kind in ``kinds`` kill themselves while armed."""

    def __init__(
        self, directory: Path, programs: Iterable[Program], *, seed: int = 0, kinds: Iterable[str] = ()
    ) -> None:
        _context.set_forkserver_preload([run.__module__])
        self.directory = directory
        self.log = KillLog(directory / "kills")
        self.unexpected: list[str] = []
        """Processes that ended by themselves, which none should, whatever the servers do."""
        self._armed = directory / "armed"
        self._seed = seed
        self._kinds = frozenset(kinds)
        self._programs = {program.name: program for program in programs}
        self._running: dict[str, ForkServerProcess] = {}
        self._lock = threading.RLock()  # a process's exit status can be read by one thread only
        self._ending = threading.Event()
        self._watch = threading.Thread(target=self._keep, name="fleet", daemon=True)

    def start(self) -> None:
        """Start every program, and from now on whatever dies."""
        for name in self._programs:
            self.start_program(name)
        self._watch.start()

    def start_program(self, name: str) -> None:
        """Start one that was stopped."""
        with self._lock:
            self._start(name)

    def stop_program(self, name: str) -> None:
        """End one in good order, and keep it down. Raises AssertionError if it doesn't end well."""
        with self._lock:
            process = self._running.pop(name)
        os.kill(_pid(process), signal.SIGTERM)
        process.join(STOP_SECONDS)
        if process.exitcode is None:
            _kill_group(process)
            raise AssertionError(
                f"{name} did not stop within {STOP_SECONDS:.0f} s of SIGTERM; see {self._log_of(name)}"
            )
        assert process.exitcode == 0, f"{name} ended with {process.exitcode}; see {self._log_of(name)}"

    def kill_program(self, name: str, *, restart: bool = True) -> None:
        """Kill one with everything it has forked; it is started again at once unless ``restart`` is false."""
        with self._lock:
            process = self._running.pop(name)
            self.log.note(Kill(name, self._programs[name].kind, AT_RANDOM))
            _kill_group(process)
            process.join(STOP_SECONDS)
            if restart:
                self._start(name)

    def kill_any(self, draw: random.Random) -> None:
        """Kill one of the kinds to be killed at whatever it is doing right now."""
        with self._lock:
            names = sorted(name for name in self._running if self._programs[name].kind in self._kinds)
            self.kill_program(draw.choice(names))

    def arm(self) -> None:
        """Kills at named points begin."""
        self._armed.touch()

    def disarm(self) -> None:
        """No more kills at named points."""
        self._armed.unlink(missing_ok=True)

    def stop(self) -> None:
        """End everything in good order. Raises AssertionError if something doesn't end well."""
        self.disarm()
        self._ending.set()
        if self._watch.is_alive():
            self._watch.join()
        failures = []
        for name in list(self._running):
            try:
                self.stop_program(name)
            except AssertionError as error:
                failures.append(str(error))
        assert not failures + self.unexpected, failures + self.unexpected

    def abandon(self) -> None:
        """End everything now, whatever state it is in."""
        self._ending.set()
        if self._watch.is_alive():
            self._watch.join()
        for process in self._running.values():
            _kill_group(process)
            process.join(STOP_SECONDS)
        self._running.clear()

    def logs(self) -> dict[str, Path]:
        """Where each program's output is."""
        return {name: self._log_of(name) for name in self._programs}

    def _start(self, name: str) -> None:
        program = self._programs[name]
        sentence = None
        if program.kind in self._kinds and program.kind in POINTS:
            sentence = Sentence(name, program.kind, self._seed, self.directory / "kills", self._armed)
        process = _context.Process(target=run, args=(program, self._log_of(name), sentence), name=name)
        process.start()
        self._running[name] = process

    def _keep(self) -> None:
        while not self._ending.is_set():
            with self._lock:
                sentinels: dict[object, str] = {process.sentinel: name for name, process in self._running.items()}
            for ended in wait([process for process in sentinels if isinstance(process, int)], timeout=0.05):
                self._replace(sentinels[ended])

    def _replace(self, name: str) -> None:
        with self._lock:
            process = self._running.get(name)
            if process is None or process.exitcode is None or self._ending.is_set():
                return
            if process.exitcode != -signal.SIGKILL:
                self.unexpected.append(f"{name} ended by itself with {process.exitcode}; see {self._log_of(name)}")
                time.sleep(0.2)  # not a wait for anything: what fails at its start must not spin
            _kill_group(process)
            self._start(name)

    def _log_of(self, name: str) -> Path:
        return self.directory / f"{name}.log"


def _pid(process: ForkServerProcess) -> int:
    assert process.pid is not None
    return process.pid


def _kill_group(process: ForkServerProcess) -> None:
    """Kill the process and what it has forked, and wait until they are gone: they hold ports and leases."""
    group = _pid(process)
    if process.exitcode is None:  # it may have been forked so recently that it leads no group yet
        process.kill()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    wait_until(f"the processes of group {group} are gone", 10.0, lambda: _members(group))


def _members(group: int) -> list[int]:
    """The processes of a group that are not just waiting to be reaped."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] not in ("Z", "X"):
            found.append(int(entry.name))
    return found
