"""The tokens that credentials were exchanged for, given out again for a short while."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from services.gateway.routes import CACHE_SECONDS

_MOST = 10_000


class ExchangeCache:
    """Exchanges a credential at most once in ``seconds``. Credentials are kept as a hash only. Safe for threads."""

    def __init__(
        self,
        exchange: Callable[[str], str],
        *,
        seconds: float = CACHE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exchange = exchange
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._forgotten = 0

    def token(self, credential: str) -> str:
        """A token for this credential. Raises what the exchange raises; refusals are not kept."""
        key = _key(credential)
        now = self._clock()
        with self._lock:
            token, until = self._tokens.get(key, ("", float("-inf")))
            forgotten = self._forgotten
        if now < until:
            return token
        token = self._exchange(credential)
        with self._lock:
            if self._forgotten != forgotten:
                return token  # asked for before something was forgotten, perhaps this: not to be given out again
            self._tokens[key] = (token, now + self._seconds)  # counted from before the exchange: never too long
            self._tokens.move_to_end(key)
            if len(self._tokens) > _MOST:
                self._tokens.popitem(last=False)
        return token

    def forget(self, credential: str) -> None:
        """Exchange this credential anew at its next use: its session has ended."""
        with self._lock:
            self._tokens.pop(_key(credential), None)
            self._forgotten += 1

    def forget_all(self) -> None:
        """Exchange every credential anew at its next use: one of them, not known here which, was revoked."""
        with self._lock:
            self._tokens.clear()
            self._forgotten += 1


def _key(credential: str) -> bytes:
    return hashlib.sha256(credential.encode()).digest()
