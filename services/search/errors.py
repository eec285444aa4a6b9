"""What can be wrong with a request to this service."""

from __future__ import annotations

from servicekit.errors import FieldError, Invalid, Unavailable


class SearchDegraded(Unavailable):
    """The search engine doesn't answer, and what was asked for can't be answered without it."""

    code = "search_engine_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The search engine doesn't answer right now. Whole IDs and email addresses can still be searched for.",
            retry_after=5,
        )


class SearchTooBroad(Unavailable):
    """Too many customers match for the best of them to be found in the time that a search has."""

    code = "search_too_broad"

    def __init__(self) -> None:
        super().__init__(
            "This search is too broad to be answered in time. Narrow it: write more letters of each word, or add a "
            "last name, a city, a postal code or an ID.",
            retry_after=5,
        )


class InvalidVersionToken(Invalid):
    """A version token that no write returned."""

    code = "invalid_version_token"

    def __init__(self) -> None:
        super().__init__(
            "This version token is none of ours. Pass the header Version-Token of a write as it was.",
            errors=[FieldError("version_token", "Not a version token.")],
        )
