"""Who may import whom: the contracts in .importlinter, and that they cover every service."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys

from tools.discovery import ROOT, services


def test_every_import_rule_is_kept() -> None:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "shared")])
    run = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_service_says_how_its_files_depend_on_each_other() -> None:
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    exhaustive = {
        container
        for section in rules.sections()
        if rules[section].get("exhaustive") == "True"
        for container in rules[section]["containers"].split()
    }
    assert exhaustive == {service.package for service in services()}
