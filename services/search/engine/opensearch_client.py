"""The connection to OpenSearch, and its errors as the port's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionError as OpenSearchConnectionError
from opensearchpy.exceptions import OpenSearchException, SerializationError, TransportError

from services.search.engine.errors import EngineRefused, EngineUnavailable

SEARCH_SECONDS = 5.0
WRITE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class OpenSearchSettings:
    """Where OpenSearch is. ``prefix`` begins the names of index and alias, so that several installations share it."""

    url: str
    prefix: str = ""
    shards: int = 1
    replicas: int = 0
    pool_maxsize: int = 16


def connect(settings: OpenSearchSettings) -> OpenSearch:
    """A client; connects at its first request. No retries of its own: the caller decides."""
    return OpenSearch(
        [settings.url],
        pool_maxsize=settings.pool_maxsize,
        max_retries=0,
        retry_on_timeout=False,
        timeout=SEARCH_SECONDS,
    )


def search(client: OpenSearch, index: str, body: Mapping[str, Any], *, seconds: float = SEARCH_SECONDS) -> Any:
    """The answer, whole. Raises EngineUnavailable, EngineRefused."""
    with translated():
        answer = client.search(
            index=index,
            body=body,
            # Part of the answer would look like the whole: rather none.
            params={"allow_partial_search_results": "false"},
            request_timeout=seconds,
        )
    if answer["timed_out"]:
        raise EngineUnavailable("OpenSearch ran out of time")
    return answer


@contextmanager
def translated() -> Iterator[None]:
    """The client's errors as the port's. Their texts may quote the request, personal data among it: left out."""
    try:
        yield
    except (OpenSearchConnectionError, SerializationError) as error:
        raise EngineUnavailable(f"OpenSearch can't be reached: {type(error).__name__}") from None
    except TransportError as error:
        status = error.status_code
        # 401 and 403 are put right by an operator, 404 by ensure(); 408, 429 and 5xx pass.
        if not isinstance(status, int) or status in (401, 403, 404, 408, 429) or status >= 500:
            raise EngineUnavailable(f"OpenSearch can't do this now: {status} {error.error}") from None
        raise EngineRefused(f"OpenSearch refused: {status} {error.error}") from None
    except OpenSearchException as error:
        raise EngineRefused(f"OpenSearch refused: {type(error).__name__}") from None
