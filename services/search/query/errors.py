"""What can be wrong with what somebody typed."""

from __future__ import annotations

from servicekit.errors import FieldError, Invalid


class QueryTooLong(Invalid):
    """More characters or words than a search takes."""

    code = "query_too_long"

    def __init__(self, message: str, where: str) -> None:
        super().__init__(message, errors=[FieldError(where, message)])


class InvalidQuery(Invalid):
    """A mistake in the query language: what, at which character (from 0), and what to write instead."""

    code = "invalid_query"

    def __init__(self, message: str, *, where: str, position: int, hint: str) -> None:
        super().__init__(
            f"{message} {hint}", errors=[FieldError(where, message)], parameter=where, position=position, hint=hint
        )
