"""Places besides the services' own tables where something about a person may be, and what becomes of it.

Written by hand, shown in ``docs/personal-data.md``. Numbers of days come from the code that keeps to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from servicekit.imports.jobs import ABANDONED, REJECTS_KEPT
from servicekit.relay.retention import Retention

Fate = Literal["erased", "expires", "kept by law", "kept"]


@dataclass(frozen=True, slots=True)
class Place:
    """One place: what is there, what becomes of it when the person is erased, and how or why.

    ``column`` is the kit's column that it is, as ``table.column``, if it is one.
    """

    name: str
    what: str
    fate: Fate
    how: str
    column: str | None = None


_kept = Retention()

PLACES = (
    Place(
        "events not sent yet (outbox)",
        "the person's public state",
        "erased",
        "in the erasure's transaction their personal fields are blanked; the events still leave",
        "outbox.payload",
    ),
    Place(
        "event log",
        "the person's public state",
        "erased",
        f"the payload is blanked with the person, and the whole row deleted after {_kept.event_log.days} days",
        "event_log.payload",
    ),
    Place(
        "queues of RabbitMQ",
        "the person's public state",
        "expires",
        "leaves with the next acknowledgement; consumers refuse what comes of a person who is already erased",
    ),
    Place(
        "parked messages, body",
        "an event that could not be handled",
        "erased",
        "deleted with the person",
        "parked_message.body",
    ),
    Place(
        "parked messages, reason",
        "kinds of errors, places in the code; no values",
        "erased",
        "deleted with the person",
        "parked_message.reason",
    ),
    Place(
        "answers kept for Idempotency-Key",
        "the answer to a request",
        "erased",
        "blanked with the person, and deleted after "
        f"{int(_kept.idempotency_key.total_seconds() // 3600)} hours in any case",
        "idempotency_key.body",
    ),
    Place(
        "inbox",
        "IDs of events that were handled",
        "expires",
        f"no personal data; deleted after {_kept.inbox.days} days",
    ),
    Place(
        "list of the erased",
        "the ID of the erased, so that nothing of that person is taken in again",
        "kept",
        "an ID that no longer leads to anybody",
    ),
    Place(
        "ledger and receipt of the erasure",
        "who asked for it, when, and which services confirmed",
        "kept",
        "the proof that the duty was done (GDPR, articles 5.2 and 17)",
    ),
    Place(
        "change history",
        "who changed which field, old and new values",
        "erased",
        "values are blanked; time, field names and who changed them stay. That name is a staff member's or an API "
        "key's, not the customer's, and the record of who did what is kept after that one has left, too",
    ),
    Place(
        "audit log",
        "who did or read what, and when: IDs only, never a name or a value",
        "kept",
        "the record by which a publisher can tell who has seen a person's data (GDPR, articles 5.2 and 32); deleted "
        f"after {_kept.audit_entry.days} days (`AUDIT_DAYS`). The ID of the erased no longer leads to anybody",
    ),
    Place(
        "files that are imported",
        "the rows that wait; never columns with passwords or card numbers",
        "expires",
        "deleted batch by batch as they become customers, subscriptions, transactions or notes; as a whole when the "
        "import is canceled, or when the rest of "
        f"the file doesn't come within {ABANDONED.days} days. Rows of a person who is erased meanwhile are refused",
    ),
    Place(
        "rows that an import rejected",
        "the row as it was, and the reason",
        "erased",
        "blanked where they hold the person's email address or one of the external IDs; all deleted after "
        f"{REJECTS_KEPT.days} days",
    ),
    Place(
        "identities seen by an import",
        "hashes of email addresses and external IDs, by which doublets in a file are noticed",
        "expires",
        "deleted when the import ends",
    ),
    Place(
        "file of rejected rows fetched by ./accounts import --rejects",
        "the same rows",
        "kept",
        "on the machine of whoever fetched it, in whose hands it is to delete it",
    ),
    Place(
        "search index",
        "the document by which the person is found",
        "erased",
        "removed by the indexer; search confirms only when the index has forgotten, and one being filled or kept, too",
    ),
    Place(
        "mails on their way",
        "address, name and content",
        "erased",
        "a mail that is still to be sent keeps what it needs; once the last is out, or given up, everything is blanked "
        "and notifications confirms. That something was sent on a day stays",
    ),
    Place(
        "mail servers and mailboxes",
        "mails that were sent",
        "kept",
        "with whoever received them, in whose hands they are",
    ),
    Place("logs", "IDs and routes; no values, no query strings", "expires", "as long as the operator keeps logs"),
    Place(
        "metrics and traces",
        "counts and times by route; trace IDs",
        "expires",
        "no personal data; as long as the operator keeps them",
    ),
    Place(
        "backups of PostgreSQL and snapshots of OpenSearch",
        "everything above",
        "expires",
        "with the backup's own age, set by the operator; who restores one has to repeat the erasures since",
    ),
)
