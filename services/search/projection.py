"""Writing the projection: what producers tell, whole batches at a time, in whatever order it comes.

The version decides: an older or equal state changes nothing, and nothing brings an erased customer back. Rows are
locked in key order, customers before their dirty marks, so that batches never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Result, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.db.tables import erased_subject
from servicekit.parking import forget_parked
from services.search.documents import BY_NAME
from services.search.engine.port import required
from services.search.inbound.reading import Told
from services.search.marks import MARK
from services.search.projected_transactions import erase_transactions
from services.search.sections import CUSTOMER, Section, each
from services.search.text import Kind

_NEWER = "present.{0}_version < excluded.{0}_version"
_TAKE = f"""{{0}} = CASE WHEN {_NEWER} THEN excluded.{{0}} ELSE present.{{0}} END,
    {{0}}_version = greatest(present.{{0}}_version, excluded.{{0}}_version)"""
_PROJECT = text(f"""
    INSERT INTO search_customer AS present (publisher_id, customer_id, {each("{0}, {0}_version")}, doc_version)
    SELECT :publisher_id, customer_id, {each("{0}, coalesce({0}_version, 0)")}, nextval('doc_version')
    FROM jsonb_to_recordset(CAST(:told AS jsonb)) AS told (customer_id text, {each("{0} jsonb, {0}_version bigint")})
    ORDER BY customer_id COLLATE "C"
    ON CONFLICT (publisher_id, customer_id) DO UPDATE SET {each(_TAKE)}, doc_version = nextval('doc_version')
    WHERE NOT present.deleted AND ({each(_NEWER, " OR ")})
    RETURNING customer_id, doc_version, customer_version
""")  # noqa: S608 - constants only
_ERASE = text(f"""
    INSERT INTO search_customer AS present
        (publisher_id, customer_id, customer_version, deleted, erased_at, doc_version)
    SELECT :publisher_id, customer_id, version, true, erased_at, nextval('doc_version')
    FROM unnest(CAST(:customers AS text[]), CAST(:versions AS bigint[]), CAST(:moments AS timestamptz[]))
        AS erased (customer_id, version, erased_at)
    ORDER BY customer_id COLLATE "C"
    ON CONFLICT (publisher_id, customer_id) DO UPDATE
    SET {each("{0} = NULL")}, customer_version = greatest(present.customer_version, excluded.customer_version),
        deleted = true, erased_at = excluded.erased_at, doc_version = nextval('doc_version')
    WHERE NOT present.deleted
    RETURNING customer_id, doc_version
""")  # noqa: S608
# A statement of its own: it has to see what another transaction did before this one got the customers' locks.
_CHANGED = "unnest(CAST(:customers AS text[]), CAST(:doc_versions AS bigint[])) AS changed (customer_id, doc_version)"
_FOLLOW = text(f"""
    WITH known AS (
        SELECT * FROM unnest(CAST(:holders AS text[]), CAST(:values AS text[])) AS known (customer_id, value)
    ), gone AS (
        DELETE FROM identifier present
        WHERE publisher_id = :publisher_id AND customer_id = ANY(CAST(:renamed AS text[])) AND NOT EXISTS
            (SELECT FROM known WHERE known.customer_id = present.customer_id AND known.value = present.value)
    ), added AS (
        INSERT INTO identifier (publisher_id, value, customer_id)
        SELECT :publisher_id, value, customer_id FROM known ORDER BY value, customer_id
        ON CONFLICT DO NOTHING
    )
    {MARK.format(id="customer_id", changed=_CHANGED)}
""")  # noqa: S608

_THEIRS = """
    SELECT publisher_id, customer_id FROM search_customer
    WHERE publisher_id = :publisher_id AND customer_id = ANY(CAST(:customers AS text[])) AND NOT deleted
"""
_DOUBT = f"""
    WITH theirs AS ({_THEIRS} ORDER BY customer_id FOR UPDATE)
    UPDATE search_customer present SET {{0}}_version = 0 FROM theirs
    WHERE present.publisher_id = theirs.publisher_id AND present.customer_id = theirs.customer_id
"""  # noqa: S608 - constants only
_EMPTY = f"""
    WITH theirs AS (
        {_THEIRS} AND {{0}}_version = 0 AND {{0}} IS NOT NULL ORDER BY customer_id FOR UPDATE
    )
    UPDATE search_customer present SET {{0}} = NULL, doc_version = nextval('doc_version') FROM theirs
    WHERE present.publisher_id = theirs.publisher_id AND present.customer_id = theirs.customer_id
    RETURNING present.customer_id, present.doc_version
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class CustomerErased:
    """Word that a customer was anonymized; ``version`` is the last that there will be."""

    customer_id: str
    version: int
    erased_at: datetime


def project_customers(session: Session, *, publisher_id: str, told: Iterable[Told]) -> int:
    """Take sections of customers in, any of any of them; of how many customers there was news.

    Raises MissingPublisher.
    """
    newest: dict[str, dict[str, Told]] = {}
    for each_told in told:
        known = newest.setdefault(each_told.customer_id, {})
        if each_told.section not in known or known[each_told.section].version < each_told.version:
            known[each_told.section] = each_told
    if not newest:
        return 0
    rows = [{"customer_id": customer_id, **_row(sections)} for customer_id, sections in newest.items()]
    parameters = {"publisher_id": required(publisher_id), "told": orjson.dumps(rows).decode()}
    found = session.execute(_PROJECT, parameters).all()
    own = {customer_id: sections.get(CUSTOMER.name) for customer_id, sections in newest.items()}
    # Identifiers are the customer's own section's; one that was told is in force if it has the version that is.
    renamed = {
        row.customer_id: customer.state
        for row in found
        if (customer := own[row.customer_id]) is not None and customer.version == row.customer_version
    }
    _follow(session, publisher_id, {row.customer_id: row.doc_version for row in found}, renamed)
    return len(found)


def _row(sections: Mapping[str, Told]) -> dict[str, Any]:
    states = {name: told.state for name, told in sections.items()}
    return states | {f"{name}_version": told.version for name, told in sections.items()}


def erase_customers(session: Session, *, publisher_id: str, erased: Sequence[CustomerErased]) -> int:
    """Forget customers for good: what is left is a tombstone; how many were news. Raises MissingPublisher."""
    if not erased:
        return 0
    parameters = {
        "publisher_id": required(publisher_id),
        "customers": [customer.customer_id for customer in erased],
        "versions": [customer.version for customer in erased],
        "moments": [customer.erased_at for customer in erased],
    }
    changed = _versions(session.execute(_ERASE, parameters))
    _follow(session, publisher_id, changed, {customer_id: {} for customer_id in changed})
    erase_transactions(session, publisher_id=publisher_id, customers=[customer.customer_id for customer in erased])
    for customer in erased:
        subject = {"publisher_id": publisher_id, "subject": customer.customer_id, "erased_at": customer.erased_at}
        session.execute(insert(erased_subject).values(**subject).on_conflict_do_nothing())
        forget_parked(session, publisher_id=publisher_id, datasubject=customer.customer_id)
    return len(changed)


def doubt_customers(
    session: Session, *, publisher_id: str, customers: Sequence[str], section: Section = CUSTOMER
) -> None:
    """Take whatever is told next of this section of these, even what is older; until then they stay as they are.

    Not of erased ones, whom nothing brings back. Raises MissingPublisher.
    """
    parameters = {"publisher_id": required(publisher_id), "customers": list(customers)}
    session.execute(text(_DOUBT.format(section.name)), parameters)


def empty_doubted(session: Session, *, publisher_id: str, customers: Sequence[str], section: Section = CUSTOMER) -> int:
    """Forget this section of those of these of whom nothing was told since they were doubted; how many.

    It comes back when something is told of it. Raises MissingPublisher.
    """
    parameters = {"publisher_id": required(publisher_id), "customers": list(customers)}
    changed = _versions(session.execute(text(_EMPTY.format(section.name)), parameters))
    emptied = changed if section is CUSTOMER else ()
    _follow(session, publisher_id, changed, {customer_id: {} for customer_id in emptied})
    return len(changed)


def identifiers_of(state: Mapping[str, Any]) -> set[str]:
    """What a customer is found by as by a whole ID or email, normalized."""
    return {
        token
        for name in ("id", "external_id", "email")
        for found in BY_NAME[name].values(state)
        for token, kind in found.tokens.items()
        if kind in (Kind.KEY, Kind.WHOLE)
    }


def _versions(result: Result[Any]) -> dict[str, int]:
    return {row.customer_id: row.doc_version for row in result}


def _follow(
    session: Session, publisher_id: str, changed: Mapping[str, int], states: Mapping[str, Mapping[str, Any]]
) -> None:
    """Mark the customers ``changed`` (ID: ``doc_version``); those in ``states`` have the identifiers of these now."""
    if not changed:
        return
    known = [(customer_id, value) for customer_id, state in states.items() for value in identifiers_of(state)]
    session.execute(
        _FOLLOW,
        {
            "publisher_id": publisher_id,
            "renamed": list(states),
            "holders": [customer_id for customer_id, _ in known],
            "values": [value for _, value in known],
            "customers": list(changed),
            "doc_versions": list(changed.values()),
        },
    )
