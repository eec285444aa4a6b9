"""How whoever looks wants to see dates and numbers: language, time zone, theme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from services.console.money import formatted

NOTHING = Markup('<span class="text-secondary">–</span>')
THEMES = ("auto", "light", "dark")
# The pages' own language; names of countries and the like are in it, dates and numbers in the reader's.
_ENGLISH = Locale("en")


@lru_cache(maxsize=200)
def locale_of(tag: str) -> Locale | None:
    """The locale for a language tag such as ``de-AT``; None for what is none."""
    try:
        return Locale.parse(tag[:35], sep="-")
    except (ValueError, UnknownLocaleError, TypeError):
        return None


@lru_cache(maxsize=1000)
def zone_of(name: str) -> ZoneInfo | None:
    """The time zone with this IANA name; None for what is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Reader:
    """Formats for one reader. ``zone_known`` is False while times are shown in UTC for want of better."""

    locale: Locale
    zone: tzinfo
    zone_known: bool = True
    theme: str = "auto"

    @classmethod
    def of(cls, preferences: dict[str, Any], *, accepted: Iterable[str] = (), zone_cookie: str = "") -> Reader:
        """What the staff member prefers, else what the browser says, else English and UTC."""
        tags = (preferences.get("language"), *accepted)
        locale = next((found for tag in tags if tag and (found := locale_of(tag))), _ENGLISH)
        zone = zone_of(preferences.get("time_zone") or "") or zone_of(zone_cookie)
        theme = preferences.get("theme")
        return cls(locale, zone or UTC, zone is not None, theme if theme in THEMES else "auto")

    def moment(self, value: str | None) -> Markup:
        """A moment (RFC 3339) as date and time in the reader's zone; a dash for none."""
        if value is None:
            return NOTHING
        local = datetime.fromisoformat(value).astimezone(self.zone)
        day, whole_day = _days(local.date(), self.locale)
        whole = f"{whole_day}, {local.time().isoformat('seconds')} {local.tzname() or ''}"
        shown = f"{day}, {_clock_time(local.hour, local.minute, self.locale)}"
        return Markup(  # noqa: S704 - every part is escaped; Markup.format takes three times as long
            f'<time datetime="{escape(value)}" title="{escape(whole)}">{escape(shown)}</time>'
        )

    def day(self, value: str | None) -> Markup:
        """A day (ISO 8601), which has no time zone; a dash for none."""
        if value is None:
            return NOTHING
        shown, _ = _days(date.fromisoformat(value), self.locale)
        return Markup('<time datetime="{}">{}</time>').format(value, shown)

    def number(self, value: int) -> str:
        """A whole number with the reader's separators."""
        return str(format_decimal(value, locale=self.locale))

    def money(self, value: Mapping[str, Any] | None) -> Markup:
        """An amount of the API, in one line; a dash for none."""
        if value is None:
            return NOTHING
        return Markup('<span class="money">{}</span>').format(formatted(value, self.locale))

    def amount(self, value: Mapping[str, Any]) -> str:
        """An amount of the API in a sentence."""
        return formatted(value, self.locale)

    def day_of(self, value: str | None) -> Markup:
        """The day of a moment (RFC 3339) in the reader's zone, the time when pointed at; a dash for none."""
        if value is None:
            return NOTHING
        local = datetime.fromisoformat(value).astimezone(self.zone)
        day, whole = _days(local.date(), self.locale)
        at = f"{whole}, {local.time().isoformat('seconds')} {local.tzname() or ''}"
        return Markup('<time datetime="{}" title="{}">{}</time>').format(value, at, day)

    def beginning(self, day: date) -> datetime:
        """When a day begins where the reader is."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def end(self, day: date) -> datetime:
        """When a day is over where the reader is."""
        return self.beginning(day + timedelta(days=1))


# A page has a hundred moments, and formatting one takes longer than all else that is done for a row.
@lru_cache(maxsize=20_000)
def _days(day: date, locale: Locale) -> tuple[str, str]:
    """A day, short and in full."""
    return format_date(day, "medium", locale=locale), format_date(day, "full", locale=locale)


@lru_cache(maxsize=20_000)
def _clock_time(hour: int, minute: int, locale: Locale) -> str:
    return format_time(time(hour, minute), "short", locale=locale)


def country_name(code: str | None) -> str | None:
    """A country's name; the code itself where it has none."""
    return None if code is None else _ENGLISH.territories.get(code, code)


def currency_name(code: str | None) -> str | None:
    """A currency's name; the code itself where it has none."""
    return None if code is None else _ENGLISH.currencies.get(code, code)


def language_name(tag: str | None) -> str | None:
    """A language's name; the tag itself where it has none."""
    if tag is None:
        return None
    locale = locale_of(tag)
    return (locale.get_display_name(_ENGLISH) if locale else None) or tag
