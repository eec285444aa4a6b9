"""``./accounts bench``: measure, print a table, write JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench import creating
from bench.machine import ROOT, machine_facts
from bench.measure import CannotRun, Row
from bench.stand import Stand, prepared_stand

Measure = Callable[..., Row | list[Row]]
MEASUREMENTS: dict[str, Measure] = {
    "creating": creating.measure,
}
