"""Writing into the PostgreSQL index: a chunk of documents in one transaction.

Documents are locked in key order, then compared by version. Of a document that changed only the difference is written.
A word's row is locked (KEY SHARE) from when it is looked up until its postings are there, so that it doesn't vanish
under the writer. Words that a document drops are noted with it and swept after the commit, if nobody has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, text

from services.search.columns import BY_COLUMN, MOST_COLUMNS
from services.search.documents import BY_NAME, CustomerDocument
from services.search.engine.port import Outcome, required
from services.search.engine.postgres_tables import KEY_MARK
from services.search.text import Kind
from services.search.typos import word_keys

Customer = tuple[str, str]
"""Publisher ID and customer ID."""
Posting = tuple[int, str, int]
"""Word, customer ID, attribute."""


@dataclass(slots=True)
class _Change:
    """A document about to be replaced. ``old_words`` are the numbers of the words it has now."""

    entry: CustomerDocument
    old_words: frozenset[int]
    stored: str
    postings: dict[tuple[str, int], int]  # word and attribute -> kind
    numbers: dict[str, int]

    @property
    def new_words(self) -> set[int]:
        return set(self.numbers.values())


def write_chunk(connection: Connection, entries: Sequence[CustomerDocument]) -> dict[int, Outcome]:
    """Write ``entries`` inside the caller's transaction; outcomes by position."""
    newest: dict[Customer, int] = {}
    for position, entry in enumerate(entries):
        key = (required(entry.publisher_id), entry.customer_id)
        if key not in newest or entries[newest[key]].doc_version <= entry.doc_version:
            newest[key] = position
    present = _lock_documents(connection, sorted(newest))
    outcomes = dict.fromkeys(range(len(entries)), Outcome.STALE)
    changes: list[_Change] = []
    for key, position in newest.items():
        version, words = present[key]
        if entries[position].doc_version >= version:
            outcomes[position] = Outcome.WRITTEN
            changes.append(_change(entries[position], words))
    if changes:
        _number_words(connection, changes)
        _replace_postings(connection, changes)
        _add_typo_keys(connection, changes)
        _update_documents(connection, changes)
        _note_dropped_words(connection, changes)
    return outcomes


def _change(entry: CustomerDocument, words: Iterable[int]) -> _Change:
    tokens = {} if entry.deleted else entry.tokens()
    postings = {
        (KEY_MARK + token if kind is Kind.KEY else token, BY_NAME[name].number): int(kind)
        for name, found in tokens.items()
        for token, kind in found.items()
    }  # fmt: skip
    stored = "{}" if entry.deleted else orjson.dumps(entry.stored).decode()
    return _Change(entry, frozenset(words), stored, postings, {})


def _lock_documents(connection: Connection, keys: Sequence[Customer]) -> dict[Customer, tuple[int, list[int]]]:
    """Version and words of each document, locked until the transaction ends; version -1 for a new one."""
    parameters = {"publishers": [key[0] for key in keys], "customers": [key[1] for key in keys]}
    connection.execute(
        text("""
            INSERT INTO search_document (publisher_id, customer_id, doc_version, deleted, words, stored)
            SELECT publisher_id, customer_id, -1, true, '{}', '{}'
            FROM unnest(CAST(:publishers AS text[]), CAST(:customers AS text[])) AS new (publisher_id, customer_id)
            ON CONFLICT DO NOTHING
        """),
        parameters,
    )
    rows = connection.execute(
        text("""
            SELECT d.publisher_id, d.customer_id, d.doc_version, d.words
            FROM search_document d
            JOIN unnest(CAST(:publishers AS text[]), CAST(:customers AS text[])) AS k (publisher_id, customer_id)
                ON d.publisher_id = k.publisher_id AND d.customer_id = k.customer_id
            ORDER BY d.publisher_id, d.customer_id
            FOR UPDATE OF d
        """),
        parameters,
    )
    return {(publisher, customer): (version, words) for publisher, customer, version, words in rows}


def _number_words(connection: Connection, changes: Sequence[_Change]) -> None:
    """Fill ``numbers`` of each change: known words looked up and kept from vanishing, new ones inserted."""
    wanted = sorted({(change.entry.publisher_id, word) for change in changes for word, _ in change.postings})
    known = _look_up(connection, wanted)
    pinned = frozenset[int]().union(*(change.old_words for change in changes))
    kept = _keep_from_vanishing(connection, sorted(set(known.values()) - pinned)) | pinned
    known = {key: number for key, number in known.items() if number in kept}
    while missing := [key for key in wanted if key not in known]:
        known |= _insert_words(connection, missing)
        still_missing = [key for key in missing if key not in known]
        found = _look_up(connection, still_missing)
        kept = _keep_from_vanishing(connection, sorted(found.values()))
        known |= {key: number for key, number in found.items() if number in kept}
    for change in changes:
        change.numbers = {word: known[change.entry.publisher_id, word] for word, _ in change.postings}


_Words = dict[tuple[str, str], int]


def _word_parameters(words: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    return {"publishers": [publisher for publisher, _ in words], "words": [word for _, word in words]}


def _look_up(connection: Connection, words: Sequence[tuple[str, str]]) -> _Words:
    rows = connection.execute(
        text("""
            SELECT w.publisher_id, w.word, w.number
            FROM unnest(CAST(:publishers AS text[]), CAST(:words AS text[])) AS k (publisher_id, word)
            JOIN search_word w ON w.publisher_id = k.publisher_id AND w.word = k.word
        """),
        _word_parameters(words),
    )
    return {(publisher, word): number for publisher, word, number in rows}


def _insert_words(connection: Connection, words: Sequence[tuple[str, str]]) -> _Words:
    rows = connection.execute(
        text("""
            INSERT INTO search_word (publisher_id, word)
            SELECT publisher_id, word
            FROM unnest(CAST(:publishers AS text[]), CAST(:words AS text[])) AS new (publisher_id, word)
            ON CONFLICT DO NOTHING
            RETURNING publisher_id, word, number
        """),
        _word_parameters(words),
    )
    return {(publisher, word): number for publisher, word, number in rows}


def _keep_from_vanishing(connection: Connection, numbers: list[int]) -> set[int]:
    """Those of ``numbers`` that are still there, and stay while this transaction runs."""
    statement = text("SELECT number FROM search_word WHERE number = ANY(:numbers) ORDER BY number FOR KEY SHARE")
    return set(connection.execute(statement, {"numbers": numbers}).scalars()) if numbers else set()


def _replace_postings(connection: Connection, changes: Sequence[_Change]) -> None:
    present = _present_postings(connection, changes)
    wanted: dict[Posting, int] = {
        (change.numbers[word], change.entry.customer_id, attribute): kind
        for change in changes
        for (word, attribute), kind in change.postings.items()
    }
    gone = sorted(present.keys() - wanted.keys())
    added = sorted((posting, kind) for posting, kind in wanted.items() if present.get(posting) != kind)
    if gone:
        connection.execute(
            text("""
                DELETE FROM search_posting p
                USING unnest(CAST(:words AS bigint[]), CAST(:customers AS text[]), CAST(:attributes AS smallint[]))
                    AS gone (word, customer_id, attribute)
                WHERE p.word = gone.word AND p.customer_id = gone.customer_id AND p.attribute = gone.attribute
            """),
            _posting_parameters(gone),
        )
    if added:
        connection.execute(
            text("""
                INSERT INTO search_posting (word, customer_id, attribute, kind)
                SELECT * FROM unnest(CAST(:words AS bigint[]), CAST(:customers AS text[]),
                    CAST(:attributes AS smallint[]), CAST(:kinds AS smallint[]))
                ON CONFLICT (word, customer_id, attribute) DO UPDATE SET kind = excluded.kind
            """),
            {**_posting_parameters([posting for posting, _ in added]), "kinds": [kind for _, kind in added]},
        )


def _posting_parameters(postings: Sequence[Posting]) -> dict[str, list[int] | list[str]]:
    return {
        "words": [word for word, _, _ in postings],
        "customers": [customer for _, customer, _ in postings],
        "attributes": [attribute for _, _, attribute in postings],
    }


def _present_postings(connection: Connection, changes: Sequence[_Change]) -> dict[Posting, int]:
    pairs = [(word, change.entry.customer_id) for change in changes for word in change.old_words]
    if not pairs:
        return {}
    rows = connection.execute(
        text("""
            SELECT p.word, p.customer_id, p.attribute, p.kind
            FROM unnest(CAST(:words AS bigint[]), CAST(:customers AS text[])) AS k (word, customer_id)
            JOIN search_posting p ON p.word = k.word AND p.customer_id = k.customer_id
        """),
        {"words": [word for word, _ in pairs], "customers": [customer for _, customer in pairs]},
    )
    return {(word, customer, attribute): kind for word, customer, attribute, kind in rows}


def _add_typo_keys(connection: Connection, changes: Sequence[_Change]) -> None:
    fuzzy = {attribute.number for attribute in BY_NAME.values() if attribute.fuzzy}
    words: Mapping[int, str] = {
        change.numbers[word]: word
        for change in changes
        for (word, attribute), kind in change.postings.items()
        if attribute in fuzzy and kind == Kind.WORD
    }
    known = connection.execute(text("SELECT word FROM search_typo WHERE word = ANY(:words)"), {"words": list(words)})
    new = set(words) - set(known.scalars())
    rows = [{"word": number, "keys": word_keys(words[number])} for number in sorted(new)]
    rows = [row for row in rows if row["keys"]]
    if rows:
        connection.execute(
            text("INSERT INTO search_typo (word, keys) VALUES (:word, :keys) ON CONFLICT DO NOTHING"), rows
        )


def _update_documents(connection: Connection, changes: Sequence[_Change]) -> None:
    connection.execute(
        text("""
            UPDATE search_document
            SET doc_version = :doc_version, deleted = :deleted, words = :words, keys = :keys,
                stored = CAST(:stored AS jsonb)
            WHERE publisher_id = :publisher_id AND customer_id = :customer_id
        """),
        [
            {
                "publisher_id": change.entry.publisher_id,
                "customer_id": change.entry.customer_id,
                "doc_version": change.entry.doc_version,
                "deleted": change.entry.deleted,
                "words": sorted(change.new_words),
                "keys": _keys(change.entry),
                "stored": change.stored,
            }
            for change in changes
        ],
    )


def _keys(entry: CustomerDocument) -> list[str | None]:
    """The key of each column, at the place of its number; none for a tombstone."""
    keys: list[str | None] = [None] * MOST_COLUMNS
    for name, key in entry.keys.items():
        keys[BY_COLUMN[name].number - 1] = key
    return [] if entry.deleted else keys


def _note_dropped_words(connection: Connection, changes: Sequence[_Change]) -> None:
    """Remember the words that the changed documents had and nobody may have now, for ``sweep``."""
    dropped = sorted({number for change in changes for number in change.old_words - change.new_words})
    if not dropped:
        return
    statement = text("INSERT INTO search_leftover (word) SELECT unnest(CAST(:words AS bigint[]))")
    connection.execute(statement, {"words": dropped})


def sweep(connection: Connection) -> None:
    """Remove words that nobody has any more, in a transaction of its own after those that dropped them.

    Waits for those that are taking up one of the words at this moment. What another sweep has in hand is left to it;
    a word that somebody still has, to whoever drops it next and will note it too.
    """
    noted = connection.execute(text("SELECT number, word FROM search_leftover FOR UPDATE SKIP LOCKED")).all()
    if not noted:
        return
    # In the order in which writers lock them. Words in use aren't locked: common ones are taken up all the time.
    lock = text("""
        SELECT w.number FROM search_word w
        WHERE w.number = ANY(:words) AND NOT EXISTS (SELECT FROM search_posting p WHERE p.word = w.number)
        ORDER BY w.number FOR UPDATE
    """)
    unused = connection.execute(lock, {"words": sorted({word for _, word in noted})}).scalars().all()
    # A statement of its own: it sees what those did who held a lock before.
    drop = text("""
        DELETE FROM search_word w
        WHERE w.number = ANY(:words) AND NOT EXISTS (SELECT FROM search_posting p WHERE p.word = w.number)
    """)
    if unused:
        connection.execute(drop, {"words": unused})
    done = text("DELETE FROM search_leftover WHERE number = ANY(:numbers)")
    connection.execute(done, {"numbers": [number for number, _ in noted]})
