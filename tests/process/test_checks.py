"""The checks notice what they are for: whatever is lost, doubled, changed or remembered is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.process.checks import check_everything, wait_for_rest
from tests.process.conftest import given_servers
from tests.process.load import Known, Load
from tests.process.product import Product, running_product
from tests.process.recorder import Recorder
from tests.process.waiting import wait_until

DAMAGE = {
    "its log": ("customers", "DELETE FROM event_log WHERE subject = %(id)s AND aggregate_version = 1"),
    "the history twice": (
        "customers",
        """INSERT INTO customer_change SELECT 'twice', publisher_id, customer_id, revision, at, editor_id, editor_name,
        editor_kind, action, fields FROM customer_change WHERE customer_id = %(id)s LIMIT 1""",
    ),
    "the projection": ("search", "UPDATE search_customer SET customer_version = 99 WHERE customer_id = %(id)s"),
    "the index": ("search", "UPDATE search_customer SET doc_version = doc_version + 1 WHERE customer_id = %(id)s"),
    "parked": ("search", "INSERT INTO parked_message (id, consumer, parked_at) VALUES ('x', 'search', now())"),
    "remembered": ("customers", "UPDATE customer SET company = %(canary)s WHERE id = %(erased)s"),
    "the ledger": ("customers", "UPDATE erasure SET completed_at = NULL WHERE customer_id = %(erased)s"),
    "a login": ("customers", "DELETE FROM login WHERE customer_id = %(logged_in)s"),
}


@pytest.fixture
def own_product(tmp_path: Path) -> Iterator[Product]:
    """One that may be damaged."""
    with running_product(given_servers(), tmp_path) as running:
        yield running


@pytest.fixture
def own_recorder(own_product: Product) -> Iterator[Recorder]:
    running = Recorder(own_product.amqp_url)
    running.begin()
    yield running
    running.halt()


@pytest.mark.real("RabbitMQ", "OpenSearch")
def test_every_damage_is_noticed(own_product: Product, own_recorder: Recorder) -> None:
    load = Load(own_product, own_product.publisher(), seed=3, writers=2)
    load.start()
    wait_until("there are erasures and logins", 60.0, lambda: _too_few(load))
    load.finish()
    wait_for_rest(own_product, 60.0)
    known, publisher_id = load.known(), load.publisher.publisher_id

    def problems(acknowledged: dict[str, Known]) -> list[str]:
        return check_everything(own_product, publisher_id, acknowledged, own_recorder)

    assert problems(known) == []
    living = next(customer for customer in known.values() if not customer.anonymized)
    assert problems({**known, "cus_lost": replace(living, customer_id="cus_lost")})
    assert problems({key: customer for key, customer in known.items() if customer is not living})
    assert problems({**known, living.customer_id: replace(living, edits=[*living.edits, "lost"])})
    erased = next(customer for customer in known.values() if customer.anonymized)
    logged_in = next(customer for customer in known.values() if customer.logins)
    values = {
        "id": living.customer_id,
        "erased": erased.customer_id,
        "canary": erased.canary,
        "logged_in": logged_in.customer_id,
    }
    for what, (service, statement) in DAMAGE.items():
        before = set(problems(known))
        with own_product.admin(service) as connection:
            connection.execute(statement.encode(), values)
        assert set(problems(known)) - before, f"unnoticed: {what}"


def _too_few(load: Load) -> int:
    load.check()
    customers = [customer for writer in load.writers for customer in writer.customers]
    return max(0, 2 - sum(c.anonymized for c in customers)) + max(0, 2 - sum(bool(c.logins) for c in customers))
