"""Tables of the projection: what this service knows of each customer, and what of it the index lacks.

They have no row level security (it would cost the indices, see docs/decisions): whoever reads them for a publisher
goes through ``queries``, which builds no query without one.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, DateTime, Integer, MetaData, Sequence, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from servicekit.db.tables import personal, plain

metadata = MetaData()
_moment = DateTime(timezone=True)

customer = Table(
    "search_customer",
    metadata,
    plain("publisher_id", Text, primary_key=True),
    plain("customer_id", Text, primary_key=True),
    # A section for each producer (``sections``): its state as of its own version.
    personal("customer", JSONB(none_as_null=True)),
    plain("customer_version", BigInteger),
    personal("account", JSONB(none_as_null=True)),
    plain("account_version", BigInteger),
    personal("summary", JSONB(none_as_null=True)),
    plain("summary_version", BigInteger),
    # A tombstone: kept for good, so that nothing late brings the customer back.
    plain("deleted", Boolean),
    plain("erased_at", _moment),
    plain("erasure_confirmed_at", _moment),
    # Drawn from ``doc_version`` under the row's lock whenever anything above changes.
    plain("doc_version", BigInteger),
)
"""A customer as its producers last told. A section's version 0: it hasn't come yet. Without the customers service's own
nobody is found."""

transaction = Table(
    "search_transaction",
    metadata,
    plain("publisher_id", Text, primary_key=True),
    plain("transaction_id", Text, primary_key=True),
    plain("customer_id", Text),
    # What it is found by, as it was told, and as whole IDs normalized by ``text``.
    personal("transaction", JSONB(none_as_null=True)),
    personal("identifiers", ARRAY(Text)),
    plain("version", BigInteger),
    # As of customers, and kept for good, too. It goes with its customer.
    plain("deleted", Boolean),
    plain("doc_version", BigInteger),
)
"""A transaction as billing last told it: what it is found by, and whose it is."""

identifier = Table(
    "identifier",
    metadata,
    plain("publisher_id", Text, primary_key=True),
    personal("value", Text, primary_key=True),
    plain("customer_id", Text, primary_key=True),
)
"""Who has an ID or email, normalized by ``text``. Two may have one for a moment: customers change in any order."""

dirty = Table(
    "search_dirty",
    metadata,
    plain("publisher_id", Text, primary_key=True),
    # A transaction's ID in a mark of a transaction; the two begin differently.
    plain("customer_id", Text, primary_key=True),
    plain("doc_version", BigInteger),
    plain("marked_at", _moment),
    # When an indexer may take it: at once, when a lease runs out, or when it is tried again.
    plain("due_at", _moment),
    plain("attempts", Integer),
    plain("refusal", Text),
)
"""Customers and transactions whose indexed document may be older than ``doc_version``. ``refusal``: why the engine
won't have it."""

search_target = Table(
    "search_target",
    metadata,
    plain("name", Text, primary_key=True),
    plain("normalizer", Integer),
)
"""The indices that every write goes to: an entry written to others than these stays dirty. ``normalizer``: the version
of the normalizer that a writer needs at least."""

index_rebuild = Table(
    "index_rebuild",
    metadata,
    plain("id", SmallInteger, primary_key=True),
    # Whose it is until when. Ends by itself, so that the rebuild of one that died is gone on with.
    plain("holder", Text),
    plain("held_until", _moment),
    plain("step", Text),
    plain("target", Text),
    plain("normalizer", Integer),
    plain("retired", ARRAY(Text)),
    # Up to here the target has been filled.
    plain("position_publisher", Text),
    plain("position_customer", Text),
    plain("written", BigInteger),
    plain("started_at", _moment),
)
"""At most one row: the rebuild that is under way or was interrupted."""

index_target = Table(
    "index_target",
    metadata,
    plain("id", SmallInteger, primary_key=True),
    plain("names", ARRAY(Text)),
)
"""What indexers of the version before read. Empty once an index was rebuilt: they can't write to two, so they stop."""

doc_versions = Sequence("doc_version", metadata=metadata)
"""Never reset: a projection that was rebuilt still writes newer versions than the index has."""
