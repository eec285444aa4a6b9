"""A second consumer, added when customers already exist, holds all of them after bootstrap under live traffic."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kombu import Connection

from tests.process.load import Load
from tests.process.product import Product
from tests.process.toy_service import ToyService, toy_service
from tests.process.waiting import wait_until


@pytest.fixture
def toy_queue_removed(product: Product) -> Iterator[None]:
    yield
    with Connection(product.amqp_url) as connection, connection.channel() as channel:
        for queue in ("toy", "toy.dead"):
            channel.queue_delete(queue)


@pytest.mark.real("RabbitMQ", "OpenSearch")
@pytest.mark.usefixtures("toy_queue_removed")
def test_a_consumer_added_later_holds_every_customer(product: Product) -> None:
    load = Load(product, product.publisher(), seed=11, writers=3)
    load.start()
    wait_until("there are customers and erasures before it comes", 60.0, lambda: _too_few(load))

    with toy_service(product) as toy:
        before = load.acknowledged
        read = toy.bootstrap()
        assert load.acknowledged > before, "nothing was written while it read"
        assert read > 0
        load.finish()
        wait_until("it holds every customer", 30.0, lambda: _differences(product, toy))
        gone = sum(person[2] for person in toy.people().values())
        assert gone >= sum(customer.anonymized for customer in load.known().values()) > 0


def _too_few(load: Load) -> int:
    anonymized = sum(customer.anonymized for writer in load.writers for customer in writer.customers)
    return max(0, 150 - load.acknowledged) + max(0, 3 - anonymized)


def _differences(product: Product, toy: ToyService) -> list[str]:
    query = "SELECT id, version, last_name, status = 'anonymized' FROM customer"
    with product.admin("customers") as connection:
        due = {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}
    found = toy.people()
    return [key for key in due.keys() | found.keys() if due.get(key) != found.get(key)]
