"""A small HTTP client over one kept connection."""

from __future__ import annotations

import http.client
import json
from typing import Any


class Client:
    """Requests of one caller to one server. Not safe for several threads."""

    def __init__(self, port: int, credential: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {credential}", "Content-Type": "application/json"}

    def post(self, path: str, body: Any) -> Any:
        """The answer's JSON. Raises RuntimeError unless it is a success."""
        return self._request("POST", path, json.dumps(body).encode())

    def get(self, path: str) -> Any:
        """The answer's JSON. Raises RuntimeError unless it is a success."""
        return self._request("GET", path, None)

    def _request(self, method: str, path: str, body: bytes | None) -> Any:
        try:
            self._connection.request(method, path, body, self._headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()  # the next request opens a new one
            raise
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path.partition('?')[0]}: {answer.status} {content[:300].decode()}")
        return json.loads(content)
