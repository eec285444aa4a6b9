"""The audit log is kept for its time, and then goes by itself."""

from __future__ import annotations

from datetime import timedelta

from servicekit import clock
from servicekit.audit import AUDIT_KEPT, Actor, Entry, entries, record
from servicekit.db.database import Database
from servicekit.relay.retention import Retention, prune

MINE = "pub_a"


def test_entries_go_when_they_were_kept_long_enough(app: Database, system: Database) -> None:
    now = clock.now()
    ages = {"kept": AUDIT_KEPT - timedelta(days=1), "gone": AUDIT_KEPT + timedelta(seconds=1)}
    with app.transaction(MINE) as session:
        for request_id, age in ages.items():
            entry = Entry("ledger.account.read", None, request_id)
            record(session, entry, publisher_id=MINE, actor=Actor("staff", "stf_1"), now=now - age)

    assert prune(system, retention=Retention(), now=now)["audit_entry"] == 1

    with app.transaction(MINE) as session:
        assert [entry.request_id for entry in entries(session, publisher_id=MINE)] == ["kept"]
    assert prune(system, retention=Retention(audit_entry=timedelta(days=7)), now=now)["audit_entry"] == 1


def test_entries_are_read_page_by_page_and_only_one_publishers(app: Database) -> None:
    now, account = clock.now(), "acc_06h5yvkg1scm7h3b8k5rqt2xzw"
    for publisher_id in (MINE, "pub_b"):
        with app.transaction(publisher_id) as session:
            for number in range(3):
                entry = Entry("ledger.account.read", account if number else "Anna", f"{publisher_id} {number}")
                record(session, entry, publisher_id=publisher_id, actor=Actor("staff", "stf_1"), now=now)

    with app.transaction(MINE) as session:
        newest = entries(session, publisher_id=MINE, limit=2)
        older = entries(session, publisher_id=MINE, before=newest[-1].id)
        about = entries(session, publisher_id=MINE, subject=account)
        others = entries(session, publisher_id="pub_b")

    assert [entry.request_id for entry in (*newest, *older)] == ["pub_a 2", "pub_a 1", "pub_a 0"]
    assert older[0].subject is None, "what is no ID is not kept"
    assert len(about) == 2
    assert others == []
