"""Anonymizing: texts, flags and whatever says who somebody is are gone, that there was a note stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from servicekit.db.database import Database
from servicekit.feed import FeedItem
from servicekit.parking import park
from servicekit.testing.databases import ScratchDatabase
from services.notes.bootstrap_customers import apply_customers
from services.notes.handlers import QUEUE
from services.notes.tests.conftest import Notes, outbox_of, told

NEEDLES = ("anary", "special_handling", "at_risk")


@pytest.fixture
def canary(notes: Notes, system_database: Database) -> str:
    customer_id = notes.customer(email="canary@example.com", external_ids=[{"source": "shop", "id": "canaryid"}])
    notes.add(customer_id, "Canarytext", flags=["special_handling"])
    deleted = notes.add(customer_id, "Canarydeleted")
    notes.send("DELETE", f"/v1/notes/{deleted['id']}")
    note = notes.add(customer_id, "Canaryolder")
    notes.edit(note["id"], text="Canarynewer")
    notes.send("PUT", f"/v1/notes/customers/{customer_id}/flags/at_risk")
    body = {"customer_id": customer_id, "text": "Canarykept"}
    notes.send("POST", "/v1/notes", body, headers={"Idempotency-Key": "k"})
    event = told("edited", customer_id, 2, email="canaryparked@example.com")
    with system_database.transaction() as session:
        park(session, consumer=QUEUE, body=event.to_json(), reason="test")
    return customer_id


def test_nothing_personal_stays_in_any_table(notes: Notes, canary: str, scratch: ScratchDatabase) -> None:
    before = "".join(_rows(scratch))
    assert all(needle in before for needle in NEEDLES), "the canaries are not where this test would find them"

    notes.hear(told("anonymized", canary, 9, status="anonymized"))

    for row in _rows(scratch):
        assert not any(needle in row for needle in NEEDLES), row


def test_that_there_was_a_note_stays_with_author_and_date(notes: Notes, canary: str) -> None:
    before = notes.of(canary)

    notes.hear(told("anonymized", canary, 9, status="anonymized"))

    after = notes.of(canary)
    assert [note["id"] for note in after] == [note["id"] for note in before]
    for old, new in zip(before, after, strict=True):
        assert (new["text"], new["flags"], new["may_edit"]) == (None, [], False)
        assert new["erased_at"] is not None
        assert (new["author"], new["created_at"]) == (old["author"], old["created_at"])
    assert notes.summary(canary)["flags"] == []


def test_nothing_can_be_written_any_more(notes: Notes, canary: str) -> None:
    note = notes.of(canary)[0]
    notes.hear(told("anonymized", canary, 9, status="anonymized"))

    answers = (
        notes.send("POST", "/v1/notes", {"customer_id": canary, "text": "x"}),
        notes.edit(note["id"], text="x"),
        notes.send("DELETE", f"/v1/notes/{note['id']}"),
        notes.send("PUT", f"/v1/notes/customers/{canary}/flags/vip"),
        notes.send("DELETE", f"/v1/notes/customers/{canary}/flags/vip"),
    )

    assert {(answer.status_code, (answer.json or {})["code"]) for answer in answers} == {(409, "customer_anonymized")}


def test_it_is_confirmed_once_however_often_it_is_told(notes: Notes, canary: str, system_database: Database) -> None:
    event = told("anonymized", canary, 9, status="anonymized")
    for _ in range(2):
        notes.hear(event)
    notes.hear(told("anonymized", canary, 9, status="anonymized"))

    events = outbox_of(system_database)
    confirmed = [each for each in events if each.type == "notes.subject.erased.v1"]
    assert [(each.subject, each.datasubject, each.data["service"]) for each in confirmed] == [(canary, canary, "notes")]
    summaries = [each for each in events if each.subject == canary]
    assert [each.aggregate_version for each in summaries] == list(range(1, len(summaries) + 1))


def test_what_comes_late_brings_nobody_back(notes: Notes, canary: str, scratch: ScratchDatabase) -> None:
    unheard = told("created", "cus_06h5yvkg1scm7h3b8k5rqt2xzw", 1, email="canarylate@example.com")
    notes.hear(told("anonymized", canary, 9, status="anonymized"))
    notes.hear(told("anonymized", unheard.subject, 2, status="anonymized"))

    notes.hear(told("edited", canary, 99, email="canarylate@example.com"), unheard)

    assert not any("anary" in row for row in _rows(scratch))


def test_a_tombstone_of_the_feed_erases_and_confirms(notes: Notes, canary: str, system_database: Database) -> None:
    item = FeedItem(subject=canary, publisher_id="pub_a", version=9, datasubject=canary, deleted=True, data={})
    with notes.database.transaction("pub_a") as session:
        apply_customers(session, [item])

    assert {note["text"] for note in notes.of(canary)} == {None}
    assert "notes.subject.erased.v1" in {event.type for event in outbox_of(system_database)}


def test_others_are_left_alone(notes: Notes, canary: str) -> None:
    bob, foreign = notes.customer(), notes.customer("pub_b")
    notes.add(bob, "Stays", flags=["vip"])
    notes.add(foreign, "Stays too", as_="stranger")

    notes.hear(told("anonymized", canary, 9, status="anonymized"))

    assert [note["text"] for note in notes.of(bob)] == ["Stays"]
    assert [note["text"] for note in notes.of(foreign, as_="stranger")] == ["Stays too"]


def _rows(scratch: ScratchDatabase) -> Iterator[str]:
    """Every row of every table as text, seen as the publisher."""
    database = Database(scratch.urls.app, pool_size=1)
    with database.transaction("pub_a") as session:
        tables = session.scalars(
            text("SELECT table_name FROM information_schema.table_privileges WHERE privilege_type = 'SELECT'")
        ).all()
        for table in sorted({*tables} - {"alembic_version"}):
            if session.scalar(text("SELECT to_regclass(:name)"), {"name": f"public.{table}"}):
                yield from session.scalars(text(f'SELECT CAST(t AS text) FROM "{table}" AS t'))
    database.close()
