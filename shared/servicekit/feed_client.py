"""Reading another service's feed over HTTP, with a token of our own service's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2
import stamina

from servicekit.auth.service_token import ServiceAuth, ServiceTokens, from_identity
from servicekit.bootstrap import Fetch, Source
from servicekit.db.database import Database
from servicekit.feed import FeedPage
from servicekit.settings import SettingsError

PAGE = 1_000
_ATTEMPTS = 8


def feed_client(
    owner_url: str, *, identity_url: str, client_id: str, client_secret: str, audience: str
) -> httpx2.Client:
    """A client of the service ``audience`` at ``owner_url``. Raises SettingsError where an address is missing."""
    if not owner_url or not identity_url:
        raise SettingsError(f"{audience.upper()}_URL and IDENTITY_URL must say where the feed is, and who lets us in.")
    issue = from_identity(identity_url, client_id=client_id, client_secret=client_secret, audience=audience)
    return httpx2.Client(base_url=owner_url, auth=ServiceAuth(ServiceTokens(issue)), timeout=30.0)


def over_http(client: httpx2.Client, path: str) -> Fetch:
    """The pages of the feed at ``path``.

    A page that can't be had is asked for again for about a minute; then raises httpx2.HTTPError.
    """

    @stamina.retry(on=_may_pass, attempts=_ATTEMPTS, wait_initial=0.2, wait_max=15.0, timeout=90.0)
    def fetch(cursor: str | None) -> FeedPage:
        parameters: dict[str, str] = {"limit": str(PAGE), **({"cursor": cursor} if cursor is not None else {})}
        response = client.get(path, params=parameters)
        response.raise_for_status()
        return FeedPage.from_json(response.content)

    return fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """Where other services are (``urls`` by their names), and the credential by which this one reads their feeds."""

    urls: Mapping[str, str]
    identity_url: str
    client_id: str
    client_secret: str = field(repr=False)

    @contextmanager
    def fetching(self, owner: str, path: str) -> Iterator[Fetch]:
        """The pages of a feed. Raises SettingsError where an address is missing."""
        client = feed_client(
            self.urls.get(owner, ""),
            identity_url=self.identity_url,
            client_id=self.client_id,
            client_secret=self.client_secret,
            audience=owner,
        )
        with client:
            yield over_http(client, path)

    def read(self, source: Source, app: Database) -> int:
        """Read a feed to its end; how many items it had."""
        with self.fetching(source.owner, source.path) as fetch:
            return source.read(fetch, app)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, httpx2.HTTPStatusError):
        return error.response.status_code >= 500 or error.response.status_code == 429
    return isinstance(error, httpx2.TransportError)
