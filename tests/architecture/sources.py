"""The project's own files."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools.discovery import ROOT

# Others' code and data, kept with its own manifest or README.
_FOREIGN = ("services/gateway/docs_page/static/", "services/console/static/vendor/", "services/search/tests/data/")


def own_files(suffix: str = "") -> list[Path]:
    """Files in git, and new ones that aren't ignored; ``suffix`` such as ``.py`` or everything."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(set(listed.stdout.splitlines()))
    kept = [name for name in names if name.endswith(suffix) and not name.startswith(_FOREIGN)]
    return [ROOT / name for name in kept if (ROOT / name).is_file()]


def named(path: Path) -> str:
    """The path as messages show it."""
    return str(path.relative_to(ROOT))
