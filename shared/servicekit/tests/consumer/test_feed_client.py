"""Reading an owner's feed over HTTP: asked again where that may help, refused where it can't."""

from __future__ import annotations

import httpx2
import pytest

from servicekit.feed import FeedItem, FeedPage
from servicekit.feed_client import feed_client, over_http
from servicekit.settings import SettingsError

FEED = "/internal/feed/things"
ITEM = FeedItem(subject="thg_1", publisher_id="pub_1", version=1, datasubject=None, deleted=False, data={"name": "Ada"})


def test_pages_are_read_over_http_and_asked_for_again_when_the_service_stumbles() -> None:
    asked: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.params.get("cursor"))
        assert request.url.path == FEED
        if len(asked) == 1:
            return httpx2.Response(503)
        page = FeedPage([ITEM], "more" if asked[-1] is None else None)
        return httpx2.Response(200, content=page.to_json())

    with httpx2.Client(base_url="http://things", transport=httpx2.MockTransport(answer)) as client:
        fetch = over_http(client, FEED)
        assert fetch(None) == FeedPage([ITEM], "more")
        assert fetch("more").next_cursor is None
    assert asked == [None, None, "more"]


def test_what_is_refused_is_not_asked_for_again() -> None:
    asked: list[int] = []

    def answer(_request: httpx2.Request) -> httpx2.Response:
        asked.append(1)
        return httpx2.Response(403)

    client = httpx2.Client(base_url="http://things", transport=httpx2.MockTransport(answer))
    with client, pytest.raises(httpx2.HTTPStatusError):
        over_http(client, FEED)(None)
    assert len(asked) == 1


def test_without_an_address_it_says_which_is_missing() -> None:
    with pytest.raises(SettingsError, match="THINGS_URL"):
        feed_client("", identity_url="http://identity", client_id="me", client_secret="x", audience="things")
