"""Who must be found by what: the acceptance table of the search (S1 to S14), for both engines."""

from __future__ import annotations

from services.search.tests.engine import queries_combined, queries_language, queries_told, queries_where, queries_who

CASES = [
    *queries_who.CASES,
    *queries_where.CASES,
    *queries_told.CASES,
    *queries_combined.CASES,
    *queries_language.CASES,
]
