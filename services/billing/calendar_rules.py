"""When periods end: by the calendar of the publisher's time zone, always counted from the anchor.

The 31st of January plus one month is the last day of February, plus two months the 31st of March again; a year after
the 29th of February is the 28th. The time of day stays what it is on the publisher's clock.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from dateutil.relativedelta import relativedelta

Unit = Literal["day", "week", "month", "year"]
UNITS: tuple[str, ...] = get_args(Unit)
MOST_COUNT = {"day": 3_660, "week": 520, "month": 120, "year": 10}
"""The longest period in each unit: ten years."""


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """Names of time zones (IANA)."""
    return frozenset(available_timezones())


def after_periods(anchor: datetime, unit: str, count: int, periods: int, time_zone: str) -> datetime:
    """The moment ``periods`` times ``count`` units after ``anchor``, in UTC. Raises OverflowError past year 9999."""
    zone = ZoneInfo(time_zone)
    local = anchor.astimezone(zone)
    wall: datetime = local.replace(tzinfo=None) + _span(unit, count * periods)
    # A time that the clocks skip is taken by the offset before, which lands behind the gap (PEP 495, fold=0).
    return wall.replace(tzinfo=zone, fold=local.fold).astimezone(UTC)


def _span(unit: str, count: int) -> relativedelta:
    match unit:
        case "day":
            return relativedelta(days=count)
        case "week":
            return relativedelta(weeks=count)
        case "month":
            return relativedelta(months=count)
        case _:
            return relativedelta(years=count)
