"""What people choose from in forms: languages and time zones."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from services.console.reader import locale_of

LANGUAGES = (
    "en", "en-US", "en-GB", "ar", "bg", "cs", "da", "de", "de-AT", "de-CH", "el", "es", "es-MX", "fi", "fr", "fr-CA",
    "he", "hi", "hr", "hu", "id", "it", "ja", "ko", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sr", "sv",
    "th", "tr", "uk", "vi", "zh-Hans", "zh-Hant",
)  # fmt: skip
_NO_PLACES = ("Etc/", "SystemV/", "posix/", "right/")


@cache
def languages() -> list[tuple[str, str]]:
    """Tags (BCP 47), each with the language's name in itself."""
    named = []
    for tag in LANGUAGES:
        locale = locale_of(tag)
        name = (locale.get_display_name(locale) if locale else None) or tag
        named.append((tag, name[:1].upper() + name[1:]))
    return named


@cache
def time_zones() -> list[tuple[str, str]]:
    """The zones named for a place, and UTC."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith(_NO_PLACES))
    return [(name, name.replace("_", " ")) for name in ("UTC", *places)]
