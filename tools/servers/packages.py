"""Installs the system's packages, on Debian and its relatives, as root. Their own services are not started."""

import os
import shutil
import subprocess
from pathlib import Path

from tools.servers.home import ServerError


def install_packages(*names: str) -> None:
    """Install packages by apt. Raises ServerError where that isn't possible, naming them."""
    wanted = " ".join(names)
    if shutil.which("apt-get") is None:
        raise ServerError(f"install these with your system's package manager: {wanted}")
    if os.geteuid() != 0:
        raise ServerError(f"not installed; as root: apt-get install {wanted}")
    # Debian starts what it installs, and makes a PostgreSQL cluster, unless told not to.
    settings = Path("/etc/postgresql-common/createcluster.d")
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "customer-accounts.conf").write_text("create_main_cluster = false\n")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    # -qq, and nothing at all where it works: its output is long.
    patient = ["-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=3"]
    for step in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *names]):
        done = subprocess.run(
            ["apt-get", *patient, *step], env=environment, capture_output=True, text=True, errors="replace", check=False
        )
        if done.returncode != 0:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
            raise ServerError(f"apt-get could not install {wanted}:\n{said}")


def has_package(name: str) -> bool:
    """Whether apt could install a package of that name."""
    if shutil.which("apt-cache") is None:
        return False
    found = subprocess.run(["apt-cache", "show", name], capture_output=True, check=False)
    return found.returncode == 0
