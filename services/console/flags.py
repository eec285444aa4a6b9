"""A publisher's flags, for whoever shows keys of them: what they are called, and their colors."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import httpx2
from flask import current_app, request

from services.console.clients import Api, ApiProblem, SessionEnded
from services.console.signed_in import COOKIE, STAMP_COOKIE, api

PATH = "/v1/notes/flags"
COLORS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "gray")
KNOWN_SECONDS = 15.0
_MOST_KNOWN = 5_000
# The list is not to wait for names.
_TIMEOUT = httpx2.Timeout(1.5)


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag."""

    key: str
    name: str
    color: str
    own: bool = False
    retired: bool = False
    version: int = 0

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Flag:
        """As the API tells it; a color that is new to this version is gray."""
        color = told["color"] if told["color"] in COLORS else "gray"
        return cls(told["key"], told["name"], color, told["own"], told["retired"], told["version"])

    @classmethod
    def unknown(cls, key: str) -> Flag:
        """One of which only the key is known."""
        return cls(key, key.replace("_", " ").capitalize(), "gray")


class KnownFlags:
    """The flags of those who look at the list, for ``KNOWN_SECONDS``: it is asked for at every key that is typed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[bytes, tuple[float, Mapping[str, Flag]]] = {}

    def get(self, session: Api, secret: str) -> Mapping[str, Flag]:
        """By key; none while notes is down. Raises SessionEnded."""
        key, now = hashlib.sha256(secret.encode()).digest(), self._clock()
        with self._lock:
            until, known = self._known.get(key, (0.0, None))
        if known is not None and now < until:
            return known
        try:
            found = {flag.key: flag for flag in all_flags(session, timeout=_TIMEOUT)}
        except SessionEnded:
            raise
        except ApiProblem:
            found = {}
        with self._lock:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = (now + KNOWN_SECONDS, found)
        return found


def all_flags(session: Api, **options: Any) -> list[Flag]:
    """The publisher's flags in the order in which they are shown, retired ones too. Raises ApiProblem."""
    return [Flag.of(told) for told in session.send("GET", PATH, **options).body["items"]]


def known() -> Sequence[Flag]:
    """The flags that are known, in the order in which they are shown; none while notes is down."""
    remembered = cast("KnownFlags", current_app.extensions["console_flags"])
    secret = f"{request.cookies.get(COOKIE, '')}\0{request.cookies.get(STAMP_COOKIE, '')[:40]}"
    return tuple(remembered.get(api(), secret).values())


def named(keys: Iterable[str], flags: Iterable[Flag] | None = None) -> Sequence[Flag]:
    """The flags with these keys, in the order in which they are shown; of ``flags``, else of those that are known."""
    by_key = {flag.key: flag for flag in (known() if flags is None else flags)}
    wanted = set(keys)
    return [
        *(flag for flag in by_key.values() if flag.key in wanted),
        *(Flag.unknown(key) for key in sorted(wanted - by_key.keys())),
    ]
