"""Dates that people type: as a birthdate in whatever order, and as the limits of a range."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from services.search.folding import fold
from services.search.query.codes import months
from services.search.text import squeezed

_YEAR_FIRST = re.compile(r"(\d{4})([-./])(\d{1,2})\2(\d{1,2})\Z", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4}|\d{2})\Z", re.ASCII)
_CJK = re.compile(r"(\d{4})[年년](\d{1,2})[月월](\d{1,2})[日일]\Z", re.ASCII)
_DAY = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th|º|er)?\Z", re.ASCII)
_YEAR = re.compile(r"\d{4}\Z", re.ASCII)
_PERIOD = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z", re.ASCII)
_AGE = re.compile(r"(\d{1,5})(h|d|w|m|y)\Z", re.ASCII)
_MONTHS_OF = {"m": 1, "y": 12}
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def birthdates(typed: str, today: date) -> list[date]:
    """What one typed word may mean as a birthdate: ``03/12/1985`` is read both ways. Empty for anything else."""
    word = fold(typed)[0].strip("(),;")
    if found := _YEAR_FIRST.match(word):
        return _days([(int(found[1]), int(found[3]), int(found[4]))])
    if found := _CJK.match("".join(word.split())):
        return _days([(int(found[1]), int(found[2]), int(found[3]))])
    if found := _YEAR_LAST.match(word):
        first, second = int(found[1]), int(found[3])
        years = [int(found[4])] if len(found[4]) == 4 else _years(int(found[4]), today)
        return _days([(year, *pair) for year in years for pair in ((second, first), (first, second))])
    return []


def spelled_birthdates(words: list[str]) -> list[date]:
    """What three words may mean: ``12 Mar 1985``, ``March 12, 1985``, ``1985 mars 12``, ``12 03 1985``."""
    if len(words) != 3:
        return []
    folded = [fold(word)[0].strip(".,") for word in words]
    names = [months().get(squeezed(word)) for word in folded]
    month = next((position for position, number in enumerate(names) if number), None)
    if month is None:
        joined = "/".join(folded)
        return birthdates(joined, date.max) if all(word.isdigit() and word.isascii() for word in folded) else []
    others = [word for position, word in enumerate(folded) if position != month]
    years = [word for word in others if _YEAR.match(word)]
    days = [found[1] for word in others if (found := _DAY.match(word))]
    if len(years) != 1 or len(days) != 1:
        return []
    return _days([(int(years[0]), names[month] or 0, int(days[0]))])


def _years(two_digits: int, today: date) -> list[int]:
    """The one of the last hundred years that ends so."""
    year = today.year - today.year % 100 + two_digits
    return [year if year <= today.year else year - 100]


def _days(parts: list[tuple[int, int, int]]) -> list[date]:
    found = (day(*each) for each in parts)
    return list(dict.fromkeys(each for each in found if each))


def day(year: int, month: int, number: int) -> date | None:
    """That day, if there is one."""
    try:
        return date(year, month, number)
    except ValueError:
        return None


def period(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Beginning and end (exclusive, UTC) of a year, month, day, ``today``, ``yesterday``, or a moment (RFC 3339)."""
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC)
    try:
        if text in ("today", "yesterday"):
            begin = midnight - timedelta(days=text == "yesterday")
            return begin, begin + timedelta(days=1)
        if found := _PERIOD.match(text):
            return _calendar(int(found[1]), int(found[2] or 0), int(found[3] or 0))
        if "T" not in text.upper():
            return None
        moment = datetime.fromisoformat(text.upper())
        if moment.tzinfo is None:
            return None
        moment = moment.astimezone(UTC)
        return moment, moment + timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


def _calendar(year: int, month: int, number: int) -> tuple[datetime, datetime]:
    """``month`` and ``number`` (the day) 0: all of it."""
    begin = datetime(year, month or 1, number or 1, tzinfo=UTC)
    if number:
        return begin, begin + timedelta(days=1)
    if month:
        return begin, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return begin, datetime(year + 1, 1, 1, tzinfo=UTC)


def ago(text: str, now: datetime) -> datetime | None:
    """The moment an age before ``now``: ``12h``, ``30d``, ``6w``, ``3m`` (months), ``18y``."""
    found = _AGE.match(text)
    if not found:
        return None
    count, unit = int(found[1]), found[2]
    try:
        return _months_before(now, count * _MONTHS_OF[unit]) if unit in _MONTHS_OF else now - count * _UNITS[unit]
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)


def _months_before(now: datetime, count: int) -> datetime:
    months_since = now.year * 12 + now.month - 1 - count
    year, month = divmod(months_since, 12)
    for last in range(now.day, 27, -1):  # the 31st of a month that has none is its last day
        if day(year, month + 1, last):
            return now.replace(year=year, month=month + 1, day=last)
    return now.replace(year=year, month=month + 1)
