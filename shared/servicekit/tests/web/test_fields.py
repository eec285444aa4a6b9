"""What text and times may be, whatever Python's version knows of Unicode."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from marshmallow import ValidationError

from servicekit.web.fields import Moment, Text, TrueOrFalse

NAME = Text(max_length=100)


@pytest.mark.parametrize(
    "name",
    [
        "Anna-Lena O’Neill",
        "a\u200cb",  # Persian names need the non-joiner
        "\U0002ebf0",  # an ideograph that Unicode has since 15.1
        "\u0378",  # unassigned today
        "\ue000",  # private use: Hong Kong's names were kept there
        "\U0010fffd",
        "\u200eAnna\u200f",
        "\u0600",
    ],
)
def test_names_are_taken_as_they_are(name: str) -> None:
    assert NAME.deserialize(name) == name


@pytest.mark.parametrize(
    "character",
    ["\0", "\x07", "\x7f", "\x85", "\ud800", "\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069",
     "\ufdd0", "\ufdef", "\ufffe", "\uffff", "\U0001fffe", "\U0010ffff"],
)  # fmt: skip
def test_what_no_text_has_is_refused(character: str) -> None:
    with pytest.raises(ValidationError, match="control character"):
        NAME.deserialize(f"a{character}b")


@pytest.mark.parametrize(
    "text", ["", "  ", "\u200b", "\u00a0\u200d \ufeff", "\u3164", "\u2800", "\u00ad", "\U000e0020"]
)
def test_what_shows_nothing_is_empty(text: str) -> None:
    with pytest.raises(ValidationError, match="empty"):
        NAME.deserialize(text)
    assert Text(max_length=10, allow_none=True).deserialize(text) is None


@pytest.mark.parametrize("text", ["2026-03-12T09:30:00Z", "2026-03-12t09:30:00z", "2026-03-12t10:30:00.000+01:00"])
def test_a_time_may_be_written_in_lower_case(text: str) -> None:
    assert Moment().deserialize(text) == datetime(2026, 3, 12, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-03-12", "2026-03-12T09:30:00", "0001-01-01T00:00:00+14:00", "now", 5, None])
def test_what_is_no_time_is_refused(text: Any) -> None:
    with pytest.raises(ValidationError):
        Moment().deserialize(text)


@pytest.mark.parametrize("value", [True, False])
def test_true_and_false_are_what_they_are(value: bool) -> None:
    assert TrueOrFalse().deserialize(value) is value


@pytest.mark.parametrize("value", [1, 0, 1.0, 0.0, "true", "false", "1", "", [], {}], ids=repr)
def test_nothing_else_is_taken_for_true_or_false(value: Any) -> None:
    with pytest.raises(ValidationError, match="boolean"):
        TrueOrFalse().deserialize(value)
