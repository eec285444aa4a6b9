"""Periods by the calendar: month ends, leap days, clocks that are changed, and the publisher's own midnight."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.calendar_rules import after_periods


def ends(anchor: str, unit: str, count: int, zone: str, periods: int) -> list[str]:
    start = datetime.fromisoformat(anchor)
    return [after_periods(start, unit, count, number, zone).isoformat() for number in range(1, periods + 1)]


@pytest.mark.parametrize(
    ("anchor", "unit", "count", "zone", "expected"),
    [
        ("2026-01-31T12:00+00:00", "month", 1, "UTC", ["2026-02-28T12", "2026-03-31T12", "2026-04-30T12"]),
        ("2028-01-31T12:00+00:00", "month", 1, "UTC", ["2028-02-29T12", "2028-03-31T12"]),
        ("2026-08-31T00:00+00:00", "month", 6, "UTC", ["2027-02-28T00", "2027-08-31T00", "2028-02-29T00"]),
        ("2028-02-29T08:00+00:00", "year", 1, "UTC", ["2029-02-28T08", "2030-02-28T08", "2031-02-28T08", "2032-02-29"]),
        ("2026-12-31T23:00+00:00", "week", 2, "UTC", ["2027-01-14T23", "2027-01-28T23"]),
        # The same hour on the clock, summer or winter.
        ("2026-03-01T08:00+00:00", "month", 1, "Europe/Berlin", ["2026-04-01T07", "2026-05-01T07"]),
        ("2026-10-24T07:00+00:00", "day", 1, "Europe/Berlin", ["2026-10-25T08", "2026-10-26T08"]),
        # 02:30 does not exist on 29 March; the day after it does again.
        ("2026-03-28T01:30+00:00", "day", 1, "Europe/Berlin", ["2026-03-29T01:30", "2026-03-30T00:30"]),
        # 02:30 exists twice on 25 October: the first counts, for what began in summer.
        ("2026-10-24T00:30+00:00", "day", 1, "Europe/Berlin", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        # Where it is the 31st already.
        ("2026-01-30T22:00+00:00", "month", 1, "Pacific/Auckland", ["2026-02-27T22", "2026-03-30T22"]),
        # A day that a country left out (Samoa, 30 December 2011): an empty period, which is over when it begins.
        ("2011-12-29T10:00+00:00", "day", 1, "Pacific/Apia", ["2011-12-30T10", "2011-12-30T10", "2011-12-31T10"]),
    ],
)  # fmt: skip
def test_the_days_on_which_periods_end(anchor: str, unit: str, count: int, zone: str, expected: list[str]) -> None:
    found = ends(anchor, unit, count, zone, len(expected))
    assert [each[: len(want)] for each, want in zip(found, expected, strict=True)] == expected


@given(
    st.integers(946_684_800, 2_840_140_800),
    st.sampled_from(["day", "week", "month", "year"]),
    st.integers(1, 12),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_periods_follow_upon_each_other_and_none_is_empty(second: int, unit: str, count: int, zone: str) -> None:
    anchor = datetime.fromtimestamp(second, UTC)
    found = [anchor, *(after_periods(anchor, unit, count, number, zone) for number in range(1, 15))]
    assert found == sorted(set(found))
