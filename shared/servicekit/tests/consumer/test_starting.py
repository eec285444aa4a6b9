"""A service that joins reads what others have: in order, once, and by command as often as wanted."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from click.testing import CliRunner
from sqlalchemy.orm import Session

from servicekit.bootstrap import Fetch, Source, is_bootstrapped
from servicekit.db.database import Database
from servicekit.feed import FeedItem
from servicekit.feed_client import Owners
from servicekit.settings import SettingsError
from servicekit.starting import beside, bootstrap_command, bootstrapping
from servicekit.tests.consumer.test_bootstrap import Owner, item


@dataclass(frozen=True, slots=True, kw_only=True)
class Near(Owners):
    """Owners in this process."""

    feeds: dict[str, Owner] = field(default_factory=dict)

    @contextmanager
    def fetching(self, owner: str, path: str) -> Iterator[Fetch]:
        """As of owners elsewhere."""
        assert self.urls[owner]
        yield self.feeds[path].fetch


@dataclass
class Shops:
    """Two feeds of two owners, and what was taken in of them, in that order."""

    seen: list[str] = field(default_factory=list)
    items: dict[str, Owner] = field(
        default_factory=lambda: {"/first": Owner([item("a"), item("b"), item("c")]), "/second": Owner([item("d")])}
    )

    def _take(self, _session: Session, items: Sequence[FeedItem]) -> None:
        self.seen += [each.subject for each in items]

    def sources(self) -> tuple[Source, ...]:
        return (
            Source(name="first", owner="shop", path="/first", apply=self._take),
            Source(name="second_things", owner="depot", path="/second", apply=self._take),
        )

    def owners(self, **urls: str) -> Near:
        return Near(urls=urls, identity_url="x", client_id="x", client_secret="x", feeds=self.items)


@pytest.fixture
def shops() -> Shops:
    return Shops()


def test_they_are_read_once_and_one_after_the_other(shops: Shops, app: Database) -> None:
    owners = shops.owners(shop="http://shop", depot="http://depot")
    assert bootstrapping(shops.sources(), owners, app).step() == 4
    assert shops.seen == ["a", "b", "c", "d"]
    bootstrapping(shops.sources(), owners, app).run(threading.Event())
    assert shops.seen == ["a", "b", "c", "d"], "what was read to its end is not read again"


def test_one_without_an_address_is_left_out_and_read_once_there_is_one(shops: Shops, app: Database) -> None:
    assert bootstrapping(shops.sources(), shops.owners(shop="http://shop", depot=""), app).step() == 3
    assert not is_bootstrapped(app, "second_things")
    owners = shops.owners(shop="http://shop", depot="http://depot")
    assert bootstrapping(shops.sources(), owners, app).step() == 1


def test_without_the_first_one_s_address_it_says_so(shops: Shops, app: Database) -> None:
    with pytest.raises(SettingsError, match="SHOP_URL"):
        bootstrapping(shops.sources(), shops.owners(depot="http://depot"), app)


def test_a_consumer_runs_beside_it(shops: Shops, app: Database) -> None:
    starting = bootstrapping(shops.sources(), shops.owners(shop="http://shop", depot="http://depot"), app)
    ended = threading.Event()

    def run(_stop: threading.Event) -> None:
        for thread in threading.enumerate():
            if thread.name == "bootstrap":
                thread.join(30)
        ended.set()

    beside(run, starting)(threading.Event())
    assert ended.is_set()
    assert len(shops.seen) == 4


def test_by_command_they_are_read_whenever_it_is_wanted(shops: Shops, app: Database) -> None:
    owners = shops.owners(shop="http://shop", depot="http://depot")
    command = bootstrap_command(shops.sources, lambda: owners, lambda: app)
    for _ in range(2):
        result = CliRunner().invoke(command, ["--afresh"])
        assert result.exit_code == 0, result.output
        assert "3 first read." in result.output
        assert "1 second things read." in result.output
    assert len(shops.seen) == 8
