"""Dates that people type: as a birthdate in whatever order, and as the limits of a range."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from services.search.folding import fold, is_word_character
from services.search.query.codes import months

_LONGEST = 40
_OLDEST = 110
"""Years: of a year told by two digits, whoever is older is not meant."""
_LAST_OF_A_MONTH = 31
_PARTS = 3
# Between and around the numbers of a date; with anything else among them it is none.
_SEPARATORS = frozenset(" -./,'\u2010\u2011\u2012\u2013\u2019")
# Said beside day, month and year: ordinal endings, articles, and the words for the three.
_FILLERS = frozenset(
    re.findall(
        r"\S+", "st nd rd th er o of the on de del do le el den der am г года року год 年 月 日 년 월 일 thang thg"
    )
)
_COMPACT = re.compile(r"\d{8}\Z", re.ASCII)
_PERIOD = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z", re.ASCII)
_AGE = re.compile(r"(\d{1,5})(h|d|w|m|y)\Z", re.ASCII)
_MONTHS_OF = {"m": 1, "y": 12}
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def birthdates(typed: str, today: date) -> list[date]:
    """What may be meant as a birthdate, in any of the usual orders: ``12 Mar 1985``, ``1985-03-12``, ``19850312``.

    ``03/12/1985`` is read both ways, and a year of two digits in both centuries. Empty for anything else.
    """
    folded = fold(typed)[0].strip("(),;") if len(typed) <= _LONGEST else ""
    if _COMPACT.match(folded):
        readings = [(folded[:4], folded[4:6], folded[6:]), (folded[4:], folded[2:4], folded[:2])]
        readings.append((folded[4:], folded[:2], folded[2:4]))
        found = _days([(int(year), int(month), int(number)) for year, month, number in readings])
        return [each for each in found if today.year - _OLDEST <= each.year <= today.year]
    parts = [part for part in _parts(folded) if part not in _FILLERS]
    if len(parts) != _PARTS:
        return []
    named = [place for place, part in enumerate(parts) if part in months()]
    numbers = [part for part in parts if part.isdigit()]
    if len(numbers) == _PARTS:
        return _days(list(_of_numbers(numbers, today)))
    if len(numbers) + len(named) != _PARTS or len(named) != 1:
        return []
    return _days(list(_with_name(months()[parts[named[0]]], numbers, today)))


def _parts(folded: str) -> list[str]:
    """Runs of digits and runs of letters; none where anything else than what separates them is among them."""
    found: list[str] = []
    before = ""
    for character in folded:
        kind = "digit" if character.isdigit() else "letter" if is_word_character(character) else ""
        if kind == "digit" and not character.isascii():
            return []
        if kind and kind == before:
            found[-1] += character
        elif kind:
            found.append(character)
        elif character not in _SEPARATORS:
            return []
        before = kind
    return found


def _of_numbers(numbers: Sequence[str], today: date) -> Iterator[tuple[int, int, int]]:
    """Year, month and day, in each way in which three numbers can be read."""
    first, second, third = numbers
    if len(second) > 2:
        return
    if len(first) == 4 or (len(first) == len(third) == 2 and int(first) > _LAST_OF_A_MONTH):
        yield from ((year, int(second), int(third)) for year in _years(first, today) if len(third) <= 2)
    elif len(first) <= 2:
        for year in _years(third, today):
            yield year, int(second), int(first)
            yield year, int(first), int(second)


def _with_name(month: int, numbers: Sequence[str], today: date) -> Iterator[tuple[int, int, int]]:
    """The year is the longer or greater of the two numbers, else the last one."""
    first, second = numbers
    is_first = len(first) == 4 or (len(second) <= 2 and int(first) > _LAST_OF_A_MONTH)
    year, number = (first, second) if is_first else (second, first)
    if len(number) <= 2:
        yield from ((each, month, int(number)) for each in _years(year, today))


def _years(typed: str, today: date) -> list[int]:
    """The year, or of the last hundred and ten those that end so."""
    if len(typed) == 4:
        return [int(typed)]
    if len(typed) != 2:
        return []
    latest = today.year - (today.year - int(typed)) % 100
    return [year for year in (latest, latest - 100) if year >= today.year - _OLDEST]


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


def ahead(text: str, now: datetime) -> datetime | None:
    """The moment so long after ``now`` (see ``ago``)."""
    found = _AGE.match(text)
    if not found:
        return None
    count, unit = int(found[1]), found[2]
    try:
        return _months_before(now, -count * _MONTHS_OF[unit]) if unit in _MONTHS_OF else now + count * _UNITS[unit]
    except (ValueError, OverflowError):
        return datetime.max.replace(tzinfo=UTC)


def _months_before(now: datetime, count: int) -> datetime:
    months_since = now.year * 12 + now.month - 1 - count
    year, month = divmod(months_since, 12)
    for last in range(now.day, 27, -1):  # the 31st of a month that has none is its last day
        if day(year, month + 1, last):
            return now.replace(year=year, month=month + 1, day=last)
    return now.replace(year=year, month=month + 1)
