"""Events that were parked, and are replayed after a fix, by the operator's command."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from servicekit.parking import park
from servicekit.testing.databases import ScratchDatabase
from services.notifications.__main__ import main
from services.notifications.handlers import QUEUE
from services.notifications.tests.conftest import World, created


def test_mails_of_replayed_events_come_from_whom_the_operator_has_set(
    world: World, scratch: ScratchDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.system.transaction() as session:
        park(session, consumer=QUEUE, body=created().to_json(), reason="a defect, mended since")
    for role in ("app", "system"):
        monkeypatch.setenv(f"NOTIFICATIONS_DATABASE_URL_{role.upper()}", getattr(scratch.urls, role))
    monkeypatch.setenv("MAIL_FROM", "service@mail.example")
    replayed = CliRunner().invoke(main, ["replay-parked"])
    assert "1 handled." in replayed.output, replayed.output
    (mail,) = world.emails()
    assert mail.from_address == "service@mail.example"
