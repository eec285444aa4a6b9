"""A copy of the launcher in a project of its own, with installers that only pretend: no network, nothing installed."""

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

LAUNCHER = Path(__file__).parents[2] / "accounts"

# Pretends to be uv: notes what it is asked, makes an environment whose python only repeats its arguments.
UV = r"""#!/bin/sh
echo "uv $*" >>"$LOG"
if [ -n "$UV_SAYS" ]; then echo "$UV_SAYS" >&2; exit 1; fi
if [ "$1" = venv ]; then
    for target; do :; done
    mkdir -p "$target/bin"
    cp "$STUBS/environment-python" "$target/bin/python"
    printf '#!%s/bin/python\n' "$target" >"$target/bin/tool"
fi
[ -z "$UV_WAITS_FOR" ] || while [ ! -e "$UV_WAITS_FOR" ]; do sleep 0.02; done
"""
ENVIRONMENT_PYTHON = """#!/bin/sh
echo "ran $*"
case "$*" in $FAILING) exit 1 ;; esac
"""
# Starts the launcher as another Python would see it.
AS_ANOTHER = """
import runpy, sys
version, executable, launcher = eval(sys.argv[1]), sys.argv[2], sys.argv[3]
sys.version_info = version or sys.version_info
sys.executable = executable or sys.executable
sys.argv = [launcher, *sys.argv[4:]]
runpy.run_path(launcher, run_name="__main__")
"""


@dataclass
class Project:
    """A project with a launcher, and the programs that its PATH holds before the system's."""

    root: Path
    stubs: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def asked(self) -> list[str]:
        """What the pretended installers were asked, in order."""
        log = self.stubs / "log"
        return log.read_text().splitlines() if log.exists() else []

    def program(self, name: str, content: str) -> Path:
        path = self.stubs / name
        path.write_text(content)
        path.chmod(0o755)
        return path

    def start(
        self, *arguments: str, version: tuple[int, ...] | None = None, executable: Path | None = None
    ) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", AS_ANOTHER, repr(version), str(executable or ""), str(self.root / "accounts")]
        environment = {
            "PATH": f"{self.stubs}:/usr/bin:/bin",
            "LOG": str(self.stubs / "log"),
            "STUBS": str(self.stubs),
            "FAILING": "nothing",
            **self.environment,
        }
        return subprocess.Popen(
            [*command, *arguments], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def run(
        self, *arguments: str, version: tuple[int, ...] | None = None, executable: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, version=version, executable=executable)
        output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess([], process.returncode, output, errors)

    def left_over(self) -> list[str]:
        """What set-ups have left beside the project's own files."""
        own = {"accounts", "pyproject.toml", "constraints.txt", ".venv", "embedded"}
        return sorted(path.name for path in self.root.iterdir() if path.name not in own)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """With uv, in a folder whose name has a space."""
    root, stubs = tmp_path / "my project", tmp_path / "stubs"
    root.mkdir()
    stubs.mkdir()
    shutil.copy(LAUNCHER, root / "accounts")
    (root / "pyproject.toml").write_text('[project]\nname = "customer-accounts"\n')
    (root / "constraints.txt").write_text("flask==3.1.3\n")
    made = Project(root, stubs)
    made.program("uv", UV)
    made.program("environment-python", ENVIRONMENT_PYTHON)
    return made


def old_pythons() -> list[Path]:
    """Interpreters that are too old, if this machine has any: on PATH or kept by pyenv."""
    names = [f"python3.{minor}" for minor in range(6, 11)]
    found = [Path(path) for path in map(shutil.which, names) if path]
    for name in names:
        found += Path.home().glob(f".pyenv/versions/*/bin/{name}")
    working = []
    for path in found:
        done = subprocess.run([path, "-c", "pass"], capture_output=True, check=False)
        if done.returncode == 0:
            working.append(path)
    return working
