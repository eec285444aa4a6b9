"""A pytest plugin: skips what needs a server that isn't there, and says at the end what was run on which.

`@pytest.mark.real("RabbitMQ", "OpenSearch")` names the servers a test needs; without names it needs all of them.
"""

import pytest

from servicekit.testing import browser, servers


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("real"):
        servers.require_all(mark.args or tuple(servers.VARIABLES))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("servers")
    for finding in servers.findings():
        terminalreporter.line(f"{finding.server}: {finding.address or 'none'} ({finding.note})")
        if finding.address is None:
            _tell_what_was_not_run(terminalreporter, finding.server)
    terminalreporter.line(f"Chromium: {browser.chromium() or 'none'}")
    if browser.chromium() is None:
        _tell_what_was_not_run(terminalreporter, "Chromium")


def _tell_what_was_not_run(reporter: pytest.TerminalReporter, wanted: str) -> None:
    skipped = sum(f"needs {wanted}" in str(report.longrepr) for report in reporter.stats.get("skipped", []))
    reporter.line(f"  NOT RUN for want of {wanted}: {skipped} tests")


def pytest_unconfigure() -> None:
    servers.stop_postgres()
