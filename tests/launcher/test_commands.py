"""What the launcher says about itself, which Python it runs under, and how it hands over."""

import ast
import subprocess
from pathlib import Path

import pytest

from tests.launcher.conftest import LAUNCHER, Project, old_pythons


def test_help_lists_the_commands(project: Project) -> None:
    done = project.run("--help")
    assert done.returncode == 0
    for name in ("up", "test", "check", "bench", "demo", "doctor", "parked", "generate"):
        assert f"\n  {name} " in done.stdout
    assert project.asked == []


def test_without_a_command(project: Project) -> None:
    done = project.run()
    assert done.returncode == 2
    assert "usage" in done.stdout


def test_an_unknown_command(project: Project) -> None:
    done = project.run("destroy")
    assert done.returncode == 2
    assert "no command 'destroy'" in done.stderr
    assert project.asked == []


def test_import_is_there_once_its_module_is(project: Project) -> None:
    assert project.run("import", "x.csv").returncode == 2
    assert "\n  import " not in project.run("--help").stdout
    (project.root / "embedded").mkdir()
    (project.root / "embedded" / "imports.py").touch()
    assert "\n  import " in project.run("--help").stdout
    assert project.run("import", "x.csv").stdout == "ran -P -m embedded.imports x.csv\n"


@pytest.mark.parametrize("step", ["ruff check", "mypy"])
def test_check_runs_every_step_and_names_what_failed(project: Project, step: str) -> None:
    project.environment["FAILING"] = f"*{step.split()[0]}*{step.split()[-1]}*" if " " in step else f"*{step}*"
    done = project.run("check")
    assert done.returncode == 1
    assert f"FAILED: {step}" in done.stdout
    assert "== ruff check" in done.stdout
    assert "== ruff format" in done.stdout
    assert "== mypy" in done.stdout
    project.environment.clear()
    done = project.run("check")
    assert done.returncode == 0
    assert "all checks passed" in done.stdout


def test_check_takes_no_arguments(project: Project) -> None:
    assert project.run("check", "tests").returncode == 2


def test_the_exit_code_is_the_commands_own(project: Project) -> None:
    project.environment["FAILING"] = "*doctor*"
    assert project.run("doctor").returncode == 1


def test_python_too_old(project: Project) -> None:
    project.environment["PATH"] = str(project.stubs)
    done = project.run("up", version=(3, 8, 10))
    assert done.returncode == 1
    assert "needs Python 3.11 or later, found 3.8.10" in done.stderr
    assert project.asked == []


def test_python_too_old_but_a_newer_one_is_there(project: Project) -> None:
    """The first of the names on PATH stands for a Python that isn't installed, as version managers leave them."""
    project.program("python3.13", "#!/bin/sh\necho not installed >&2\nexit 127\n")
    project.program("python3.12", '#!/bin/sh\n[ "$1" = -c ] || echo "newer $*"\n')
    done = project.run("up", "--port", "0", version=(3, 8, 10))
    assert done.stdout == f"newer {project.root}/accounts up --port 0\n"


def test_python_too_old_but_everything_is_set_up_already(project: Project) -> None:
    project.run("up")
    assert project.run("up", version=(3, 8, 10)).stdout == "ran -P -m embedded.up\n"


def test_its_syntax_is_that_of_python_3_6() -> None:
    assert ast.parse(LAUNCHER.read_text(), feature_version=(3, 6))


def test_really_under_each_old_python(project: Project) -> None:
    pythons = old_pythons()
    if not pythons:
        pytest.skip("no Python older than 3.11 on this machine")
    for python in pythons:
        done = subprocess.run(
            [python, project.root / "accounts", "up"],
            env={"PATH": str(project.stubs)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, "needs Python 3.11 or later, found 3." in done.stderr) == (1, True), python
        assert "Traceback" not in done.stderr
    assert not Path(project.venv).exists()
