"""Marking what the index lacks."""

from __future__ import annotations

MARK = """
    INSERT INTO search_dirty AS present (publisher_id, customer_id, doc_version, marked_at, due_at)
    SELECT :publisher_id, {id}, doc_version, clock_timestamp(), clock_timestamp()
    FROM {changed} ORDER BY {id} COLLATE "C"
    ON CONFLICT (publisher_id, customer_id) DO UPDATE
    SET doc_version = excluded.doc_version, attempts = 0, refusal = NULL,
        due_at = CASE WHEN present.refusal IS NULL THEN present.due_at ELSE excluded.due_at END
"""
"""Marks what stands in ``changed`` with the columns ``id`` and ``doc_version``; locks in the order of IDs."""
