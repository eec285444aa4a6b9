"""OpenSearch, one node without the security plugin: the distribution that its project publishes to Maven."""

import http.client
import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
import zipfile
from pathlib import Path

from tools.servers.daemon import pid_of, spawn, stop, wait_until
from tools.servers.home import LOOPBACK, Home, ServerError, default_home
from tools.servers.packages import has_package, install_packages

VERSION = "3.8.0"
OLDEST_JAVA = 21
JAVA_PACKAGES = ("openjdk-25-jre-headless", "openjdk-21-jre-headless")
# The whole server with every module, but without a JDK and plugins; from 3.6 on.
ARTIFACT = f"org.opensearch.distribution.integ-test-zip:opensearch:{VERSION}:zip"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
HEAP = "768m"
SETTINGS = """
cluster.name: accounts
node.name: accounts
path.data: {folder}/data
path.logs: {folder}/logs
network.host: {address}
http.port: {port}
transport.port: {transport}
discovery.type: single-node
cluster.routing.allocation.disk.threshold_enabled: false
"""


class OpensearchServer:
    name = "opensearch"
    title = "OpenSearch"

    def missing(self) -> str | None:
        """Why it can't be started, or None."""
        if _java() is None:
            return f"OpenSearch needs Java {OLDEST_JAVA} or later (set OPENSEARCH_JAVA_HOME)"
        return None if _installed() else "OpenSearch is not installed (python -m tools.servers install opensearch)"

    def install(self, home: Home) -> None:
        if _java() is None:
            wanted = next((name for name in JAVA_PACKAGES if has_package(name)), None)
            if wanted is None:
                raise ServerError(
                    f"OpenSearch needs Java {OLDEST_JAVA} or later; install one, set OPENSEARCH_JAVA_HOME"
                )
            install_packages(wanted)
        if not _installed():
            if shutil.which("mvn") is None:
                install_packages("maven")
            _fetch(_distribution())

    def environment(self, home: Home) -> dict[str, str]:
        """What tests find it by."""
        return {"OPENSEARCH_URL": f"http://{LOOPBACK}:{home.port('opensearch')}"}

    def pid(self, home: Home) -> int | None:
        folder = home.path / "opensearch"
        return pid_of(folder / "pid", str(folder))

    def start(self, home: Home) -> None:
        java = _java()
        if java is None or self.missing():
            raise ServerError(str(self.missing()))
        folder = home.folder("opensearch")
        port = home.port("opensearch")
        _configure(home, folder, port)
        (folder / "pid").unlink(missing_ok=True)
        log = folder / "console"
        environment = {
            "OPENSEARCH_JAVA_HOME": str(java),
            "OPENSEARCH_PATH_CONF": str(folder / "config"),
            "OPENSEARCH_TMPDIR": str(home.folder("opensearch", "tmp")),
            "OPENSEARCH_JAVA_OPTS": f"-Xms{HEAP} -Xmx{HEAP}",
        }
        command = [str(_distribution() / "bin" / "opensearch"), "-p", str(folder / "pid")]
        pid = spawn(home, command, log=log, cwd=folder, environment=environment)
        wait_until(self.title, lambda: _answers(port), pid=pid, log=log)

    def stop(self, home: Home) -> None:
        stop(self.pid(home))


def _distribution() -> Path:
    """Where the unpacked server is: beside the home, for all homes there, as it is large and never written to."""
    return default_home().parent / f"customer-accounts-servers-cache-{os.geteuid()}" / f"opensearch-{VERSION}"


def _installed() -> bool:
    return (_distribution() / "bin" / "opensearch").exists()


def _java() -> Path | None:
    """The home of the newest Java that OpenSearch runs on."""
    given = os.environ.get("OPENSEARCH_JAVA_HOME")
    homes = [Path(given)] if given else [Path(os.environ.get("JAVA_HOME", "/nowhere")), *Path("/usr/lib/jvm").glob("*")]
    versions = {home: _java_version(home) for home in homes if (home / "bin" / "java").exists()}
    newest = max(versions, key=lambda home: versions[home], default=None)
    return newest if newest and versions[newest] >= OLDEST_JAVA else None


def _java_version(home: Path) -> int:
    try:
        match = re.search(r'^JAVA_VERSION="(\d+)', (home / "release").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(match[1]) if match else 0


def _fetch(target: Path) -> None:
    """Download and unpack the distribution in one step: there is a whole one afterwards, or none."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        command = ["mvn", "-q", "-B", "-C", COPY, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={scratch}"]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, cwd=scratch)
        archives = list(Path(scratch).glob("*.zip"))
        if done.returncode != 0 or not archives:
            said = "\n".join((done.stdout + done.stderr).splitlines()[:10])
            raise ServerError(f"Maven could not fetch OpenSearch {VERSION}:\n{said}")
        with zipfile.ZipFile(archives[0]) as archive:
            archive.extractall(scratch)
            for member in archive.infolist():  # zipfile forgets modes
                mode = 0o755 if member.is_dir() or (member.external_attr >> 16) & 0o100 else 0o644
                (Path(scratch) / member.filename).chmod(mode)
        unpacked = next(path for path in Path(scratch).glob("opensearch-*") if path.is_dir())
        shutil.rmtree(target, ignore_errors=True)
        unpacked.rename(target)


def _configure(home: Home, folder: Path, port: int) -> None:
    config, logs = home.folder("opensearch", "config"), home.folder("opensearch", "logs")
    home.folder("opensearch", "data")
    for source in (_distribution() / "config").rglob("*"):
        if source.is_file():
            relative = source.relative_to(_distribution() / "config")
            home.folder("opensearch", "config", *relative.parts[:-1])
            home.write(config / relative, source.read_text())
    options = (config / "jvm.options").read_text()
    options = options.replace("=logs/", f"={logs}/").replace("HeapDumpPath=data", f"HeapDumpPath={logs}")
    home.write(config / "jvm.options", options)
    settings = SETTINGS.format(folder=folder, address=LOOPBACK, port=port, transport=home.port("opensearch transport"))
    home.write(config / "opensearch.yml", settings)


def _answers(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{LOOPBACK}:{port}/_cluster/health?wait_for_status=yellow&timeout=3s", timeout=5):
            return True
    except (OSError, http.client.HTTPException):
        return False
