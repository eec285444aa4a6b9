"""The public API as the console calls it: with the session of whoever looks, through the gateway."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx2
import structlog

from servicekit.tracing import current_traceparent

TIMEOUT = httpx2.Timeout(15.0, connect=3.0)
# What a header can hold: some are made of what a form says.
_HEADER = re.compile(r"[\x20-\x7e]*\Z")
_log = structlog.get_logger("console")


class ApiProblem(Exception):
    """The API refused; ``document`` is its problem document (RFC 9457)."""

    def __init__(self, status: int, document: Mapping[str, Any], retry_after: int | None = None) -> None:
        super().__init__(f"{status} {document.get('code', '')}")
        self.status = status
        self.document = document
        self.retry_after = retry_after

    @property
    def code(self) -> str:
        """The stable name of what is wrong."""
        return str(self.document.get("code", ""))

    @property
    def detail(self) -> str:
        """What is wrong and what to do, for people."""
        return str(self.document.get("detail") or "Something went wrong.")

    @property
    def request_id(self) -> str:
        """What to name when asking for help; may be empty."""
        return str(self.document.get("request_id", ""))

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong with each field, by its place (a JSON Pointer, or a parameter's name)."""
        found = self.document.get("errors")
        return {str(e.get("where", "")): str(e.get("message", "")) for e in found} if isinstance(found, list) else {}


class SessionEnded(ApiProblem):
    """The session is not valid (any more): sign in again."""


class NotReachable(ApiProblem):
    """No answer, or none that can be understood. Whether something was done is not known."""

    def __init__(self) -> None:
        detail = "The server doesn't answer right now. Try again shortly."
        super().__init__(503, {"status": 503, "code": "not_reachable", "detail": detail}, retry_after=5)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered: JSON (None for no body) and headers."""

    body: Any
    headers: Mapping[str, str]


class Api:
    """Calls with one credential, or with none. Every method raises ApiProblem; 401 of a session is SessionEnded."""

    def __init__(self, client: httpx2.Client, credential: str | None) -> None:
        self._client = client
        self._credential = credential

    def get(self, path: str, **parameters: Any) -> Answer:
        """Read; parameters that are None are left out."""
        return self.send("GET", path, params={name: v for name, v in parameters.items() if v is not None})

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """Send a body."""
        return self.send("POST", path, json=body, headers=headers)

    def put(self, path: str, body: Any, **headers: str) -> Answer:
        """Put a body in the place of what is there."""
        return self.send("PUT", path, json=body, headers=headers)

    def delete(self, path: str) -> Answer:
        """Remove, end, revoke."""
        return self.send("DELETE", path)

    def stream(self, path: str) -> tuple[Mapping[str, str], Iterator[bytes]]:
        """Read what may be large: headers, and the body as it comes."""
        try:
            response = self._client.send(self._client.build_request("GET", path, headers=self._headers()), stream=True)
            if response.status_code >= 400:
                response.read()
                response.close()
                raise self._problem(response)
        except httpx2.HTTPError as error:
            _log.warning("gateway_not_reachable", error=type(error).__name__)
            raise NotReachable from None
        return response.headers, _pieces(response)

    def send(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> Answer:
        """Any request; ``options`` as httpx2 takes them."""
        if not all(_HEADER.match(value) for value in (headers or {}).values()):
            raise ApiProblem(400, {"status": 400, "code": "bad_request", "detail": "The request can't be understood."})
        try:
            response = self._client.request(method, path, headers={**(headers or {}), **self._headers()}, **options)
        except httpx2.HTTPError as error:
            _log.warning("gateway_not_reachable", error=type(error).__name__)
            raise NotReachable from None
        if response.status_code >= 400:
            raise self._problem(response)
        return Answer(_json(response), response.headers)

    def _headers(self) -> dict[str, str]:
        traceparent = current_traceparent()
        headers = {} if traceparent is None else {"traceparent": traceparent}
        return headers if self._credential is None else {**headers, "Authorization": f"Bearer {self._credential}"}

    def _problem(self, response: httpx2.Response) -> ApiProblem:
        document = _json(response)
        if not isinstance(document, dict):
            return NotReachable()
        wait = response.headers.get("Retry-After", "")
        kind = SessionEnded if response.status_code == 401 and self._credential is not None else ApiProblem
        return kind(response.status_code, document, int(wait) if wait.isdigit() else None)


class Gateway:
    """The way to the API, for all requests of this process."""

    def __init__(
        self,
        url: str,
        identity_url: str,
        transport: httpx2.BaseTransport | None = None,
        identity_transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._client = httpx2.Client(base_url=url, timeout=TIMEOUT, transport=transport)
        self._identity = httpx2.Client(base_url=identity_url, timeout=TIMEOUT, transport=identity_transport)

    def api(self, credential: str | None) -> Api:
        """Calls with this credential."""
        return Api(self._client, credential)

    def sign_in(self, *, email: str, password: str, address: str, user_agent: str) -> Answer:
        """Begin a session. Raises ApiProblem.

        Asked of identity itself: tries are counted by network address, and to the gateway all of them would come from
        the console's.
        """
        headers = {"X-Forwarded-For": address, "User-Agent": user_agent}
        return Api(self._identity, None).send(
            "POST", "/v1/identity/token", json={"email": email, "password": password}, headers=headers
        )


def _pieces(response: httpx2.Response) -> Iterator[bytes]:
    """The body by pieces; a connection that breaks breaks the answer, too, so that nobody takes it for whole."""
    with closing(response):
        yield from response.iter_bytes()


def _json(response: httpx2.Response) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        return None
