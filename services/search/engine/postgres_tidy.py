"""Mending what writing every document again doesn't: postings and words of nobody, and the keys of typos.

Only a defect, or an older version of this code, leaves any. Done in ranges of the vocabulary, while all else goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sqlalchemy import Connection, text

from services.search.engine.postgres_sessions import Sessions
from services.search.engine.postgres_write import sweep
from services.search.typos import word_keys

WORDS = 2_000
"""Words of the vocabulary looked at in one transaction."""
_LAST = 2**63 - 1

_UP_TO = text("SELECT number FROM search_word WHERE number > :after ORDER BY number OFFSET :words LIMIT 1")
# By the place of the row: one that a writer takes up in this moment moves, and is no longer meant.
_STRAY = text("""
    DELETE FROM search_posting WHERE ctid = ANY(ARRAY(
        SELECT p.ctid FROM search_posting p LEFT JOIN search_word w ON w.number = p.word
        WHERE p.word > :after AND p.word <= :upto AND NOT EXISTS (
            SELECT FROM search_document d
            WHERE d.publisher_id = w.publisher_id AND d.customer_id = p.customer_id AND p.word = ANY(d.words)
        )
    ))
""")
_UNUSED = text("""
    INSERT INTO search_leftover (word) SELECT w.number FROM search_word w
    WHERE w.number > :after AND w.number <= :upto
        AND NOT EXISTS (SELECT FROM search_posting p WHERE p.word = w.number)
""")
_TYPOS = text("""
    SELECT t.word, w.word AS text, t.keys FROM search_typo t JOIN search_word w ON w.number = t.word
    WHERE t.word > :after AND t.word <= :upto
""")


def tidied(sessions: Sessions) -> Iterator[int]:
    """Mend it all; yields how many words were looked at after each range."""
    after, done = 0, 0
    while after < _LAST:
        upto = sessions.transaction(partial(_mend, after=after))
        sessions.transaction(sweep)
        after, done = upto, done + WORDS
        yield done


def _mend(connection: Connection, *, after: int) -> int:
    """Mend the range behind the word ``after``; its last word."""
    upto = connection.execute(_UP_TO, {"after": after, "words": WORDS - 1}).scalar()
    limits = {"after": after, "upto": _LAST if upto is None else int(upto)}
    connection.execute(_STRAY, limits)
    connection.execute(_UNUSED, limits)
    due = [(row.word, word_keys(row.text), row.keys) for row in connection.execute(_TYPOS, limits)]
    wrong = [{"word": word, "keys": keys} for word, keys, present in sorted(due) if keys != present]
    if needless := [row["word"] for row in wrong if not row["keys"]]:
        connection.execute(text("DELETE FROM search_typo WHERE word = ANY(:words)"), {"words": needless})
    if others := [row for row in wrong if row["keys"]]:
        connection.execute(text("UPDATE search_typo SET keys = :keys WHERE word = :word"), others)
    return limits["upto"]
