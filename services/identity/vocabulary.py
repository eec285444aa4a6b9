"""Which languages, currencies and time zones there are."""

from __future__ import annotations

import re
from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Za-z]{2}|[0-9]{3}))?\Z")
# Not what some systems keep beside the zones of the IANA, nor its old names without a place.
_ZONE = re.compile(r"(?:UTC|[A-Z][A-Za-z_-]+(?:/[A-Za-z0-9_+-]+){1,2})\Z")


@lru_cache(maxsize=1000)
def language_tag(text: str) -> str | None:
    """A language tag (BCP 47) in its usual form, ``pt-BR`` for ``pt_br``; None if dates can't be written in it."""
    if not _LANGUAGE.match(text):
        return None
    try:
        locale = Locale.parse(text.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError):
        return None
    parts = [locale.language, locale.script, locale.territory]
    return "-".join(part for part in parts if part)


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """The names of the time zones in the IANA's database, such as ``Europe/Vienna``, and ``UTC``."""
    return frozenset(zone for zone in available_timezones() if _ZONE.match(zone))


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """Three-letter codes of currencies (ISO 4217)."""
    return frozenset(list_currencies())
