"""What must be true when everything has come to rest: nothing lost, nothing twice, nobody remembered who was erased."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import namedtuple_row

from servicekit.bus.amqp import AmqpBus, dead_letter_queue
from servicekit.topology import load_topology
from services.customers.views import CustomerRow, customer_state
from services.search.comparison import compare
from tests.process.load import CANARY, Known
from tests.process.product import SERVICES, TOPOLOGY, Product
from tests.process.recorder import Recorder
from tests.process.waiting import wait_until

PUBLISHING = ("customers", "billing", "notes", "search", "notifications")
CONSUMING = ("customers", "billing", "notes", "search", "notifications")
_NAMED = 5
_LOG = """
    SELECT count(*), count(DISTINCT event_id), count(DISTINCT position), min(position), max(position),
        (SELECT last_position FROM event_log_sequencer)
    FROM event_log
"""


def wait_for_rest(product: Product, seconds: float) -> None:
    """Wait until nothing is on its way anywhere. Raises TookTooLong, saying where something still is."""
    wait_until("everything has come to rest", seconds, lambda: {k: v for k, v in _on_its_way(product).items() if v})
    product.engine.refresh()


def check_everything(product: Product, publisher_id: str, known: Mapping[str, Known], recorder: Recorder) -> list[str]:
    """Everything that is wrong, in words; nothing if all is well. ``known``: what was acknowledged, by customer."""
    return [
        *_owners(product, publisher_id, known),
        *_histories(product, known),
        *_logins(product, known),
        *_ledger(product, known),
        *_event_logs(product, known),
        *_recorded(product, recorder),
        *_projection(product, publisher_id),
        *_index(product, publisher_id),
        *_mails(product, known),
        *_parked_and_dead(product),
        *_remembered(product, {customer.canary for customer in known.values() if customer.anonymized}),
    ]


def _on_its_way(product: Product) -> dict[str, int]:
    counts: dict[str, int] = {}
    for service in PUBLISHING:
        with product.admin(service) as connection:
            counts[f"outbox of {service}"] = _count(connection, "SELECT count(*) FROM outbox")
            unplaced = "SELECT count(*) FROM event_log WHERE position IS NULL"
            counts[f"events of {service} without a position"] = _count(connection, unplaced)
    with product.admin("customers") as connection:
        versions = "SELECT coalesce(sum(version), 0) FROM customer"
        told = _count(connection, versions)
        counts["erasures not complete"] = _count(connection, "SELECT count(*) FROM erasure WHERE completed_at IS NULL")
    with product.admin("search") as connection:
        counts["dirty"] = _count(connection, "SELECT count(*) FROM search_dirty")
        projected = _count(connection, "SELECT coalesce(sum(customer_version), 0) FROM search_customer")
        counts["versions not projected"] = told - projected
    with product.admin("notifications") as connection:
        counts["mails"] = _count(connection, "SELECT count(*) FROM email WHERE status = 'queued'")
    bus = AmqpBus(product.amqp_url, exchange="accounts.events")
    queues = (*load_topology(TOPOLOGY).queues, "recorder")
    return counts | {f"queue {queue}": bus.depth(queue) for queue in queues}


def _owners(product: Product, publisher_id: str, known: Mapping[str, Known]) -> Iterator[str]:
    """Each acknowledged customer is there once, with the last acknowledged state, and no other is."""
    rows = {row.id: row for row in _customers(product, publisher_id)}
    yield from _difference("acknowledged customers that are gone", known.keys() - rows.keys())
    yield from _difference("customers that nobody created, or created twice", rows.keys() - known.keys())
    for customer_id in known.keys() & rows.keys():
        customer, row = known[customer_id], rows[customer_id]
        name, email = (None, None) if customer.anonymized else (customer.last_name, customer.email)
        found = (row.last_name, row.email, row.revision, row.version)
        if found != (name, email, customer.revision, customer.version):
            yield f"{customer_id}: {found[2:]} instead of {(customer.revision, customer.version)}, or other content"


def _histories(product: Product, known: Mapping[str, Known]) -> Iterator[str]:
    """The change history has each acknowledged change once, in order."""
    entries: dict[str, list[tuple[str, int, list[Any]]]] = {customer_id: [] for customer_id in known}
    query = "SELECT customer_id, action, revision, fields FROM customer_change ORDER BY customer_id, revision, id"
    with product.admin("customers") as connection:
        for customer_id, action, revision, fields in connection.execute(query):
            if customer_id in entries:
                entries[customer_id].append((action, revision, fields))
    for customer_id, customer in known.items():
        found = entries[customer_id]
        actions = ["created", *("edited" for _ in customer.edits), *["anonymized"][: customer.anonymized]]
        if [entry[:2] for entry in found] != list(zip(actions, range(1, len(actions) + 1), strict=True)):
            yield f"{customer_id}: history {[entry[:2] for entry in found]} instead of {actions}"
        elif not customer.anonymized:
            names = [entry["new"] for _, _, fields in found[1:] for entry in fields]
            if names != customer.edits:
                yield f"{customer_id}: history tells of {names} instead of {customer.edits}"


def _logins(product: Product, known: Mapping[str, Known]) -> Iterator[str]:
    with product.admin("customers") as connection:
        found = Counter(connection.execute("SELECT customer_id, at FROM login").fetchall())
    due = Counter((customer.customer_id, moment) for customer in known.values() for moment in customer.logins)
    yield from _difference("acknowledged logins that are gone", due - found)
    yield from _difference("logins that nobody recorded", (login for login in found - due if login[0] in known))


def _ledger(product: Product, known: Mapping[str, Known]) -> Iterator[str]:
    """Every anonymization is complete, and confirmed by each service once."""
    query = """SELECT e.customer_id, e.completed_at IS NOT NULL, count(c.service) = cardinality(e.participants)
        FROM erasure e LEFT JOIN erasure_confirmation c ON c.customer_id = e.customer_id GROUP BY 1, 2"""
    with product.admin("customers") as connection:
        found = {row[0]: row[1:] for row in connection.execute(query)}
    for customer in known.values():
        if customer.anonymized and found.get(customer.customer_id) != (True, True):
            yield f"{customer.customer_id}: anonymization {found.get(customer.customer_id)} instead of complete"


def _event_logs(product: Product, known: Mapping[str, Known]) -> Iterator[str]:
    """Each event once, positions without a gap, each version of an aggregate published once."""
    for service in PUBLISHING:
        with product.admin(service) as connection:
            count, ids, positions, least, most, last = connection.execute(_LOG).fetchone() or ()
            if count and (ids, positions, least, most, last) != (count, count, 1, count, count):
                yield f"event log of {service}: {(count, ids, positions, least, most, last)}"
            query = """SELECT subject, array_agg(aggregate_version ORDER BY position) FROM event_log
                WHERE %s OR type LIKE '%%.subject.erased.v1' GROUP BY subject"""
            versions: dict[str, list[int]] = dict(connection.execute(query, (service == "customers",)).fetchall())
        for customer in known.values():
            found = versions.get(customer.customer_id, [])
            if service == "customers" and found != list(range(1, customer.version + 1)):
                yield f"{customer.customer_id}: published versions {found} instead of 1 to {customer.version}"
            if service != "customers" and len(found) != customer.anonymized:
                yield f"{customer.customer_id}: its erasure was confirmed {len(found)} times"


def _recorded(product: Product, recorder: Recorder) -> Iterator[str]:
    """Another system's queue got every event, and first deliveries in order."""
    routed = sorted({kind for kinds in load_topology(TOPOLOGY).queues.values() for kind in kinds})
    first = recorder.first_deliveries()
    seen = {event_id for events in first.values() for _version, event_id in events}
    for service in PUBLISHING:
        with product.admin(service) as connection:
            # A type that no queue of the product takes is in the log only.
            query = "SELECT event_id FROM event_log WHERE type = ANY(%s)"
            published = {row[0] for row in connection.execute(query, (routed,))}
        yield from _difference(f"events of {service} that a queue never got", published - seen)
        seen -= published
    yield from _difference("events in a queue that no log has", seen)
    for (source, subject), events in first.items():
        versions = [version for version, _event_id in events]
        if versions != sorted(versions):
            yield f"{source} {subject}: first deliveries came in the order {versions}"


def _projection(product: Product, publisher_id: str) -> Iterator[str]:
    """The projection is what the owner says now."""
    due = {row.id: (row.version, *_projected(row)) for row in _customers(product, publisher_id)}
    query = "SELECT customer_id, customer_version, deleted, customer FROM search_customer WHERE publisher_id = %s"
    with product.admin("search") as connection:
        found = {row[0]: row[1:] for row in connection.execute(query, (publisher_id,))}
    yield from _difference(
        "not as its owner has it in the projection", (key for key in due if found.get(key) != due[key])
    )
    yield from _difference("only in the projection", found.keys() - due.keys())


def _projected(row: CustomerRow) -> tuple[bool, dict[str, Any] | None]:
    """Whether the projection has a tombstone, and what else it has."""
    return (True, None) if row.status == "anonymized" else (False, json.loads(json.dumps(customer_state(row))))


def _index(product: Product, publisher_id: str) -> Iterator[str]:
    result = compare(product.database("search", "app"), product.engine, publisher_id)
    if not result.equal:
        yield f"the index is not what the projection says: {result}"


def _mails(product: Product, known: Mapping[str, Known]) -> Iterator[str]:
    """Everybody got each mail that was called for, and got it once; twice only where SMTP couldn't tell."""
    arrived = Counter(str(one.message()["Message-ID"]) for one in product.mail.caught())
    logged: dict[str, list[str]] = {customer_id: [] for customer_id in known}
    with product.admin("notifications") as connection:
        query = "SELECT customer_id, kind, status, message_id, in_doubt FROM email ORDER BY id"
        for customer_id, kind, status, message_id, in_doubt in connection.execute(query):
            if customer_id not in logged:
                continue
            logged[customer_id].append(kind)
            if status != "sent" or not arrived[message_id] or (arrived[message_id] > 1 and not in_doubt):
                yield f"{customer_id}: its {kind} is {status}, and came {arrived[message_id]} times ({in_doubt=})"
    for customer_id, kinds in logged.items():
        last = ["account_anonymized"] if known[customer_id].anonymized else []
        # Of whom everything was erased before their creation was told, nobody knew where to write.
        if kinds != ["welcome", *last] and not (last and kinds == []):
            yield f"{customer_id}: was written {kinds}"


def _parked_and_dead(product: Product) -> Iterator[str]:
    bus = AmqpBus(product.amqp_url, exchange="accounts.events")
    for service in CONSUMING:
        with product.admin(service) as connection:
            if parked := _count(connection, "SELECT count(*) FROM parked_message"):
                yield f"{parked} messages parked by {service}"
        if dead := bus.depth(dead_letter_queue(service)):
            yield f"{dead} messages given up by the queue {service}"


def _remembered(product: Product, erased: set[str]) -> Iterator[str]:
    """Nothing personal of an anonymized customer is in any table of any database, in the index, or in a log."""
    for service in SERVICES:
        with product.admin(service) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (table,) in tables:
                query = sql.SQL("SELECT DISTINCT (regexp_matches(t::text, {}, 'g'))[1] FROM {} t")
                rows = connection.execute(query.format(sql.Literal(CANARY), sql.Identifier(table)))
                yield from _difference(f"erased, but in {service}'s {table}", erased & {row[0] for row in rows})
    documents = json.dumps(_all_documents(product))
    yield from _difference("erased, but in the index", (canary for canary in erased if canary in documents))
    for name, path in product.fleet.logs().items():
        if "cnry" in path.read_text(errors="replace"):
            yield f"personal data in the log of {name}"


def _all_documents(product: Product) -> list[Any]:
    client = product.engine._client
    index, body = f"{product.installation.prefix}*", {"query": {"match_all": {}}, "size": 1000}
    page = client.search(index=index, body=body, scroll="1m")
    found: list[Any] = []
    while hits := page["hits"]["hits"]:
        found += hits
        page = client.scroll(scroll_id=page["_scroll_id"], scroll="1m")
    return found


def _customers(product: Product, publisher_id: str) -> list[Any]:
    """A publisher's customers as their owner has them, a named tuple each."""
    with product.admin("customers") as connection:
        cursor = connection.cursor(row_factory=namedtuple_row)
        return list(cursor.execute("SELECT * FROM customer WHERE publisher_id = %s", (publisher_id,)))


def _count(connection: psycopg.Connection, query: Any) -> int:
    (count,) = connection.execute(query).fetchone() or (0,)
    return int(count)


def _difference(what: str, items: Iterable[Any]) -> Iterator[str]:
    found = sorted(map(str, items))
    if found:
        yield f"{what}: {len(found)}, such as {', '.join(found[:_NAMED])}"
