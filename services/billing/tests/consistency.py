"""What has to hold in billing's database whatever was done: figures are what they count, events tell the last state."""

from __future__ import annotations

from sqlalchemy import text

from servicekit.db.database import Database

_FIGURES = """
    WITH bought AS (
        SELECT customer_id, count(*) AS number, min(created_at) AS first, max(created_at) AS last
        FROM transaction GROUP BY 1
    ), paid AS (
        SELECT customer_id, jsonb_object_agg(currency, amount) AS value FROM (
            SELECT customer_id, currency, sum(amount_minor - refunded_minor) AS amount FROM transaction
            WHERE status IN ('succeeded', 'partially_refunded', 'refunded') GROUP BY 1, 2
        ) AS by_currency GROUP BY 1
    ), subscribed AS (
        SELECT customer_id, count(*) AS number FROM subscription WHERE status <> 'expired' GROUP BY 1
    )
    SELECT customer_id FROM account
    LEFT JOIN bought USING (customer_id) LEFT JOIN paid USING (customer_id) LEFT JOIN subscribed USING (customer_id)
    WHERE transactions_count <> coalesce(bought.number, 0) OR lifetime_value <> coalesce(value, '{}')
        OR active_subscriptions <> coalesce(subscribed.number, 0)
        OR first_transaction_at IS DISTINCT FROM first OR last_transaction_at IS DISTINCT FROM last
"""
_REFUNDS = """
    SELECT id FROM transaction LEFT JOIN (
        SELECT transaction_id, sum(amount_minor) FILTER (WHERE status = 'succeeded') AS done,
            sum(amount_minor) FILTER (WHERE status = 'pending') AS open
        FROM refund GROUP BY 1
    ) AS given_back ON transaction_id = id
    WHERE refunded_minor <> coalesce(done, 0) OR refunding_minor <> coalesce(open, 0)
        OR (refunded_minor > 0) <> (status IN ('refunded', 'partially_refunded') AND amount_minor > 0)
        OR (status = 'refunded') AND refunded_minor <> amount_minor
"""
_ORDER = """
    SELECT subject FROM (
        SELECT subject, aggregate_version, lag(aggregate_version) OVER (PARTITION BY subject ORDER BY seq) AS before
        FROM outbox
    ) AS told WHERE before >= aggregate_version
"""
_TOLD = """
    SELECT id FROM (
        SELECT id, version FROM transaction UNION ALL SELECT id, version FROM subscription
        UNION ALL SELECT id, version FROM access UNION ALL SELECT customer_id, version FROM account
    ) AS thing JOIN (SELECT subject, max(aggregate_version) AS told FROM outbox GROUP BY 1) AS last ON subject = id
    WHERE told <> version
"""
RULES = {"figures": _FIGURES, "refunds": _REFUNDS, "order of events": _ORDER, "last event": _TOLD}


def broken_rules(system_database: Database) -> dict[str, list[str]]:
    """What doesn't hold, and of which accounts and things."""
    with system_database.transaction() as session:
        found = {name: list(session.scalars(text(rule))) for name, rule in RULES.items()}
    return {name: ids for name, ids in found.items() if ids}
