"""Tables of the engine ``postgres``, in the search service's own database.

An inverted index: ``search_word`` is each publisher's vocabulary, ``search_posting`` who has which word where,
``search_typo`` the deletion keys by which words with a typo find each other (only of words that may have one). All
words of a customer go with the customer: a word that nobody has is removed by the write that drops it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from services.search.columns import BY_COLUMN, OFTEN_SORTED

metadata = MetaData()
_ERASE = {"personal": "erase"}
_NONE = {"personal": "none"}
# Byte order, whatever the database's: ranges find prefixes, and order equals OpenSearch's.
_C = Text(collation="C")

document = Table(
    "search_document",
    metadata,
    Column("publisher_id", _C, nullable=False, info=_NONE),
    Column("customer_id", _C, nullable=False, info=_NONE),
    Column("doc_version", BigInteger, nullable=False, info=_NONE),
    Column("deleted", Boolean, nullable=False, info=_NONE),
    Column("words", postgresql.ARRAY(BigInteger), nullable=False, info=_ERASE),
    # What it is sorted by: at the place of each column's number.
    Column("keys", postgresql.ARRAY(_C), nullable=False, server_default="{}", info=_ERASE),
    Column("stored", postgresql.JSONB, nullable=False, info=_ERASE),
    PrimaryKeyConstraint("publisher_id", "customer_id"),
)
# In the order of a list of everybody.
Index(
    "search_document_present",
    document.c.publisher_id,
    document.c.customer_id,
    postgresql_where=~document.c.deleted,
)

for _name in OFTEN_SORTED:
    Index(
        f"search_document_by_{_name}",
        document.c.publisher_id,
        document.c["keys"][BY_COLUMN[_name].number],
        document.c.customer_id,
        postgresql_where=~document.c.deleted,
    )

word = Table(
    "search_word",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True, info=_NONE),
    Column("publisher_id", _C, nullable=False, info=_NONE),
    Column("word", _C, nullable=False, info=_ERASE),
    UniqueConstraint("publisher_id", "word", name="search_word_key", postgresql_include=["number"]),
)

posting = Table(
    "search_posting",
    metadata,
    Column("word", BigInteger, nullable=False, info=_ERASE),
    Column("customer_id", _C, nullable=False, info=_NONE),
    Column("attribute", SmallInteger, nullable=False, info=_NONE),
    Column("kind", SmallInteger, nullable=False, info=_NONE),
)
# Holds every column, so that a search reads the index alone; unique, but a primary key can't include a column.
Index(
    "search_posting_key",
    posting.c.word,
    posting.c.customer_id,
    posting.c.attribute,
    unique=True,
    postgresql_include=["kind"],
)

typo = Table(
    "search_typo",
    metadata,
    Column("word", BigInteger, ForeignKey(word.c.number, ondelete="CASCADE"), primary_key=True, info=_ERASE),
    Column("keys", postgresql.ARRAY(BigInteger), nullable=False, info=_ERASE),
)
Index("search_typo_keys", typo.c["keys"], postgresql_using="gin", postgresql_with={"fastupdate": "off"})

transaction = Table(
    "search_transaction_document",
    metadata,
    Column("publisher_id", _C, nullable=False, info=_NONE),
    Column("transaction_id", _C, nullable=False, info=_NONE),
    Column("customer_id", _C, nullable=False, info=_NONE),
    Column("doc_version", BigInteger, nullable=False, info=_NONE),
    Column("deleted", Boolean, nullable=False, info=_NONE),
    Column("stored", postgresql.JSONB, nullable=False, info=_ERASE),
    PrimaryKeyConstraint("publisher_id", "transaction_id"),
)
token = Table(
    "search_transaction_token",
    metadata,
    Column("publisher_id", _C, nullable=False, info=_NONE),
    Column("token", _C, nullable=False, info=_ERASE),
    Column("transaction_id", _C, nullable=False, info=_NONE),
    Column("attribute", SmallInteger, nullable=False, info=_NONE),
    Column("kind", SmallInteger, nullable=False, info=_NONE),
    Column("customer_id", _C, nullable=False, info=_NONE),
    PrimaryKeyConstraint("publisher_id", "token", "transaction_id", "attribute"),
)
Index("search_transaction_token_by_transaction", token.c.publisher_id, token.c.transaction_id)

# Words that a customer dropped, until it is clear whether anybody else has them.
leftover = Table(
    "search_leftover",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True, info=_NONE),
    Column("word", BigInteger, nullable=False, info=_NONE),
)

# One row: the ``NORMALIZER_VERSION`` that every document was made with at least.
made = Table(
    "search_index",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1"), primary_key=True, autoincrement=False, info=_NONE),
    Column("normalizer", Integer, nullable=False, info=_NONE),
)


KEY_MARK = "\x01"
"""Begins the words that are keys, as nothing that is typed does: ours all begin alike, and would be in the way."""


def ddl() -> list[str]:
    """The statements that create the tables and indices, each harmless when they are there; for the migration."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    statements: list[str] = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect)).strip())
        statements += [
            str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect)).strip()
            for index in sorted(table.indexes, key=lambda index: str(index.name))
        ]
    return statements
