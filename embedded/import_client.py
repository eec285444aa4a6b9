"""Importing a file over the API: sent in parts, followed to its end, and taken up again wherever it was broken off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any
from uuid import uuid4

import httpx2

PART_BYTES = 8_000_000
PATHS = {"customers": "/v1/customers/imports", "notes": "/v1/notes/imports"}
"""Where each kind goes that has a service of its own; the others go to billing, which is told which it is."""

BILLING = "/v1/billing/imports"
OPEN = ("receiving", "waiting", "running")
PATIENCE_SECONDS = 120.0
"""How long a server that has answered before is waited for when it doesn't any more."""

_FIRST_PATIENCE_SECONDS = 5.0

_PAUSE_SECONDS = (0.2, 3.0)
_POLL_SECONDS = (0.1, 1.0)
_AGAIN = (429, 502, 503, 504)
Tell = Callable[[dict[str, Any]], None]


class ImportFailed(Exception):
    """It can't be done; the message says why and what to do. ``usage``: because of how it was asked for."""

    def __init__(self, message: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.usage = usage


class Refused(ImportFailed):
    """The server's answer was a problem document."""

    def __init__(self, problem: Mapping[str, Any], status: int) -> None:
        self.code = str(problem.get("code", ""))
        self.problem = problem
        lines = [str(problem.get("detail") or f"The server answered {status}.")]
        lines += [f"  {error.get('where')}: {error.get('message')}" for error in problem.get("errors", [])]
        if status == 403:
            lines.append("Make a key that has it (POST /v1/identity/api_keys), and give it with --api-key.")
        super().__init__("\n".join(lines), usage=self.code in ("import_mapping_invalid", "invalid"))


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be read from anywhere, its size, and what tells its content and the options from others'."""

    file: IO[bytes]
    size: int
    digest: str

    def part(self, offset: int) -> bytes:
        """Some bytes from there."""
        self.file.seek(offset)
        return self.file.read(PART_BYTES)


class ImportClient:
    """One server's imports of one kind, as one key sees them."""

    def __init__(
        self, url: str, api_key: str, *, kind: str = "customers", transport: httpx2.BaseTransport | None = None
    ) -> None:
        self._path = PATHS.get(kind, BILLING)
        self._asked = [] if kind in PATHS else [("kind", kind)]
        self._http = httpx2.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=httpx2.Timeout(60.0, connect=5.0),
            transport=transport,
        )
        self._patience = _FIRST_PATIENCE_SECONDS

    def send(self, source: Source, options: Sequence[tuple[str, str]], *, name: str, tell: Tell) -> dict[str, Any]:
        """Bring the whole file there; the import as it then is. One of the same name, file and options that is still
        open is taken up again. Raises ImportFailed."""
        job = self._unfinished(name, source.digest)
        if job is None:
            job = self._begin(source, [*self._asked, ("name", name), ("digest", source.digest), *options])
        while job["status"] == "receiving":
            tell(job)
            before = job["received_bytes"]
            job = self._append(job, source)
            if job["status"] == "receiving" and job["received_bytes"] <= before:
                raise ImportFailed(
                    f"After {before} bytes no row ends within the next {PART_BYTES}. Is it CSV or NDJSON?"
                )
        return job

    def follow(self, job: dict[str, Any], *, tell: Tell) -> dict[str, Any]:
        """Wait for the end of an import; ``tell`` is called with each state of it. Raises ImportFailed."""
        pause = _POLL_SECONDS[0]
        while job["status"] in OPEN:
            tell(job)
            time.sleep(pause)
            pause = min(pause * 1.3, _POLL_SECONDS[1])
            job = self._json("GET", f"{self._path}/{job['id']}")
        tell(job)
        return job

    @contextmanager
    def rejects(self, import_id: str) -> Iterator[Iterator[bytes]]:
        """The file of rejected rows, as it comes. Raises ImportFailed."""
        try:
            with self._http.stream("GET", f"{self._path}/{import_id}/rejects") as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise Refused(_problem(answer), answer.status_code)
                yield answer.iter_bytes()
        except httpx2.TransportError as error:
            raise ImportFailed(f"The rejected rows could not be fetched: {_words(error)}") from None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _unfinished(self, name: str, digest: str) -> dict[str, Any] | None:
        page = self._json("GET", self._path, params=[*self._asked, ("name", name)])
        return next((job for job in page["items"] if job["status"] in OPEN and job["digest"] == digest), None)

    def _begin(self, source: Source, options: Sequence[tuple[str, str]]) -> dict[str, Any]:
        part = source.part(0)
        complete = len(part) >= source.size
        # The key, so that a request whose answer got lost makes no second import when it is sent again.
        headers = {"Idempotency-Key": f"import-{uuid4()}"}
        return self._json(
            "POST", self._path, params=[*options, ("complete", str(complete).lower())], content=part, headers=headers
        )

    def _append(self, job: Mapping[str, Any], source: Source) -> dict[str, Any]:
        offset = job["received_bytes"]
        part = source.part(offset)
        complete = offset + len(part) >= source.size
        parameters = [("offset", str(offset)), ("complete", str(complete).lower())]
        try:
            return self._json("POST", f"{self._path}/{job['id']}/content", params=parameters, content=part)
        except Refused as refused:
            if refused.code not in ("upload_offset_mismatch", "upload_closed"):
                raise
            # An answer got lost, or another one like us is at work on the same file.
            return self._json("GET", f"{self._path}/{job['id']}")

    def _json(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
        """A request, sent again while the server doesn't answer or asks for it: each of ours may be repeated."""
        if "content" in more:
            headers = {**(headers or {}), "Content-Type": "application/octet-stream"}
        gives_up, pause = time.monotonic() + self._patience, _PAUSE_SECONDS[0]
        while True:
            try:
                answer = self._http.request(method, path, headers=headers, **more)
                if answer.status_code not in _AGAIN:
                    break
                trouble = str(_problem(answer).get("detail") or f"it answers {answer.status_code}")
            except httpx2.TransportError as error:
                trouble = _words(error)
            if time.monotonic() + pause > gives_up:
                raise ImportFailed(f"{self._http.base_url} doesn't work: {trouble}. Run the same again to go on.")
            time.sleep(pause)
            pause = min(pause * 2, _PAUSE_SECONDS[1])
        self._patience = PATIENCE_SECONDS
        if answer.status_code >= 400:
            raise Refused(_problem(answer), answer.status_code)
        content: dict[str, Any] = answer.json()
        return content


def _problem(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _words(error: Exception) -> str:
    return f"{error or type(error).__name__}"
