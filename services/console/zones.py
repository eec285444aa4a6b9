"""Time zones to choose from."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

_REGIONS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


@cache
def time_zones() -> list[str]:
    """Time zones by the names of places, and UTC; without the old and technical names."""
    return ["UTC", *sorted(zone for zone in available_timezones() if zone.startswith(_REGIONS))]
