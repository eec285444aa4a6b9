"""Identifiers: their form, their order, and the moment that they carry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from servicekit.ids import id_time, is_id, new_id


def test_later_ones_sort_after_earlier_ones() -> None:
    made = [new_id("cus") for _ in range(100)]
    assert made == sorted(made)
    assert all(is_id(each, "cus") for each in made)


def test_an_id_tells_when_it_was_made() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    made_at = id_time(new_id("cus"), "cus")
    assert made_at is not None
    assert before <= made_at <= datetime.now(UTC) + timedelta(milliseconds=1)


@pytest.mark.parametrize("text", ["", "cus_", "cus_x", "key_06h5yvkg1scm7h3b8k5rqt2xzw", "cus_" + "7" * 26])
def test_what_is_none_or_of_no_time_tells_nothing(text: str) -> None:
    assert id_time(text, "cus") is None
