"""From what somebody typed to the tree."""

from __future__ import annotations

from servicekit.errors import FieldError, Invalid
from services.search.query.tree import Query, Word
from services.search.text import query_forms, words_typed

MAX_QUERY_LENGTH = 1_000
MAX_WORDS = 16


class QueryTooLong(Invalid):
    """More characters or words than a search takes."""

    code = "query_too_long"

    def __init__(self, message: str) -> None:
        super().__init__(message, errors=[FieldError("q", message)])


def parse(typed: str) -> Query:
    """The query of ``typed``: its words, each of which must match; an empty one matches everybody.

    Words of punctuation only are ignored beside others; alone they match nobody. Raises ``QueryTooLong``.
    """
    if len(typed) > MAX_QUERY_LENGTH:
        raise QueryTooLong(f"Search for at most {MAX_QUERY_LENGTH} characters.")
    words = [Word(word, query_forms(word)) for word in words_typed(typed)]
    searchable = tuple(dict.fromkeys(word for word in words if word.forms))
    if len(searchable) > MAX_WORDS:
        raise QueryTooLong(f"Search for at most {MAX_WORDS} words.")
    return Query(searchable or tuple(words[:1]))
