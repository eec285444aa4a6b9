"""Requests to the product as a program outside sends them, which doesn't mind that the other side dies."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

# What says nothing about whether it was done: the service broke off, is down, or took too long.
NO_ANSWER = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``status`` 0 if the connection broke."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def is_none(self) -> bool:
        """Whether it has to be asked again."""
        return self.status == 0 or self.status in NO_ANSWER


@dataclass
class Client:
    """One connection to the gateway with one API key. Not safe for several threads."""

    url: str
    api_key: str
    timeout: float = 30.0
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> Answer:
        """One request, one try."""
        address = f"{path}?{urlencode(query)}" if query else path
        sent = {"Authorization": f"Bearer {self.api_key}", **(headers or {})}
        data = None
        if body is not None:
            data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        try:
            if self._connection is None:
                parts = urlsplit(self.url)
                self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self.timeout)
            self._connection.request(method, address, data, sent)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return Answer(0, {}, None)
        is_json = "json" in (response.getheader("Content-Type") or "")
        return Answer(
            response.status, dict(response.getheaders()), json.loads(content) if is_json and content else None
        )

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
