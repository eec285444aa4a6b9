"""What runs in a process of the product under test: a service's own command line, with the hook for kills installed."""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# The process is forked from one that has all of this imported: a restart then costs a few milliseconds.
import services.customers.__main__
import services.identity.__main__
import services.search.__main__  # noqa: F401
from servicekit import faults
from tests.process.kills import Executioner, Sentence

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Program:
    """One process of the product: ``python -m <module> <arguments>`` with these settings in its environment."""

    name: str
    kind: str
    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def run(program: Program, log: Path, sentence: Sentence | None) -> None:
    """Be this program until it ends. What it prints goes to ``log``."""
    os.setsid()
    # If the tests die, so does this.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.environ.update(program.environment)
    if sentence is not None:
        faults.install(Executioner(sentence))
    main = importlib.import_module(f"{program.module}.__main__").main
    main(list(program.arguments), prog_name=program.module)
