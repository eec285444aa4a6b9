"""Creating customers over HTTP: our service against the same statements behind bare Flask."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import ExitStack

from sqlalchemy import event

from bench.bare_app import STATEMENTS
from bench.load import measure_rate
from bench.measure import Row, take_turns
from bench.people import bodies, editor
from bench.processes import free_port, running, wait_for_port
from bench.stand import Stand
from servicekit import clock
from servicekit.audit import Actor, Entry, record
from servicekit.db.database import Database
from servicekit.db.direct import SEPARATOR
from servicekit.ids import new_id
from services.customers.actions import create_customer
from services.customers.schemas import CreateCustomer

AIM = 0.6


def measure(stand: Stand, quick: bool) -> list[Row]:
    """One gunicorn worker with eight threads each, eight connections; rounds of a few seconds."""
    publisher_id = new_id("pub")
    require_same_statements(stand, publisher_id)
    rounds, seconds = (1, 1.0) if quick else (7, 5.0)
    token = stand.token(publisher_id)
    with ExitStack() as stack:
        ours = stand.web("customers", on=stack)
        bare = free_port()
        settings = {
            "BARE_DATABASE_URL": stand.installation.urls("customers").app,
            "BARE_PUBLISHER": publisher_id,
            "BARE_BIND": f"127.0.0.1:{bare}",
        }
        child = stack.enter_context(running("bare", ["-m", "bench.bare_app"], settings, stand.directory))
        wait_for_port(child, bare)
        for port in (bare, ours):
            measure_rate(port, token, seconds=seconds / 2)  # connections made, statements prepared
        found = take_turns(
            rounds,
            baseline=lambda: measure_rate(bare, token, seconds=seconds),
            ours=lambda: measure_rate(ours, token, seconds=seconds),
        )
    return [
        Row(
            name="creating",
            what="create a customer over HTTP",
            ours=statistics.median(found.ours),
            baseline=statistics.median(found.baseline),
            unit="requests/s",
            aim=AIM,
            ratios=found.ratios,
            details={"ours": found.ours, "baseline": found.baseline, "connections": 8},
        )
    ]


def require_same_statements(stand: Stand, publisher_id: str) -> None:
    """Raise AssertionError if the product no longer sends the statements that the baseline does."""
    sent = _record(stand.database("customers", "app"), publisher_id)
    if _plain(sent) != _plain(STATEMENTS):
        raise AssertionError(f"the baseline of creating is out of date; the product sends: {_plain(sent)}")


def _record(database: Database, publisher_id: str) -> list[str]:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.extend(statement.split(SEPARATOR))

    data = CreateCustomer().load(next(bodies(1)))
    with database.transaction(publisher_id) as session:
        session.connection()
    event.listen(database.engine, "before_cursor_execute", note)
    try:
        with database.transaction(publisher_id) as session:
            by, now = editor(publisher_id), clock.now()
            created = create_customer(session, publisher_id=publisher_id, data=data, editor=by, now=now)
            # As the kit does once the route has answered.
            entry = Entry("customers.customer.created", created.id, new_id("req"))
            record(session, entry, publisher_id=publisher_id, actor=Actor(by.kind, by.actor_id), now=now)
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    return sent


def _plain(statements: Sequence[str]) -> list[str]:
    """Without line breaks."""
    return [" ".join(statement.split()) for statement in statements]
