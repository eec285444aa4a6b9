"""An event that no queue takes is kept and alarmed, not lost; when there is a queue again it goes there by itself."""

from __future__ import annotations

import urllib.request
from dataclasses import replace
from secrets import token_hex

import pytest
from kombu import Connection

from servicekit.bus.amqp import AmqpBus
from servicekit.topology import load_topology
from tests.process.client import Client
from tests.process.product import TOPOLOGY, Product
from tests.process.waiting import wait_until

EDITED = "customers.customer.edited.v1"
WHOLE = load_topology(TOPOLOGY)


@pytest.mark.real("RabbitMQ", "OpenSearch")
@pytest.mark.parametrize("loss", ["binding", "queue"])
def test_an_event_that_no_queue_takes_is_kept_alarmed_and_sent_later(product: Product, loss: str) -> None:
    with Client(product.url, product.publisher().api_key) as client:
        customer, other = _create(client), _create(client)
        wait_until("both are projected", 30.0, lambda: _not_projected(product, {customer: 1, other: 1}))

        _lose(product, loss)
        for name in ("During", "After"):
            answer = client.send("PATCH", f"/v1/customers/{customer}", {"last_name": name}, headers={"If-Match": "*"})
            assert answer.status == 200, answer

    # Kept, in order, and told of: the second event waits behind the first, which the queue has returned.
    wait_until("it is kept as unroutable", 15.0, lambda: _kept(product, customer) != [(2, True), (3, True)])
    wait_until("the figure tells of it", 15.0, lambda: _alarm(product) != 2.0 and "not yet")
    assert "no queue takes this type" in product.fleet.logs()["customers-relay"].read_text()

    # Search's queue first: what is sent as soon as anybody takes it isn't sent again for those who come later.
    bus = AmqpBus(product.amqp_url, exchange=WHOLE.exchange)
    bus.declare(replace(WHOLE, queues={"search": WHOLE.queues["search"]}))
    bus.declare(WHOLE)
    # One event of the type is tried again after 5 s.
    wait_until("it has arrived", 30.0, lambda: _not_projected(product, {customer: 3}))
    wait_until("the outbox is empty", 10.0, lambda: _kept(product, customer))
    wait_until("the alarm is off", 15.0, lambda: _alarm(product))


def _create(client: Client) -> str:
    answer = client.send(
        "POST", "/v1/customers", {"email": f"unroutable{token_hex(4)}@example.com", "last_name": "Before"}
    )
    assert answer.status == 201, answer
    return str(answer.body["id"])


def _lose(product: Product, loss: str) -> None:
    with Connection(product.amqp_url) as connection, connection.channel() as channel:
        for queue in (name for name, types in WHOLE.queues.items() if EDITED in types):
            if loss == "binding":
                channel.queue_unbind(queue, WHOLE.exchange, EDITED)
            else:
                channel.queue_delete(queue)


def _kept(product: Product, customer_id: str) -> list[tuple[int, bool]]:
    query = "SELECT aggregate_version, unroutable_since IS NOT NULL FROM outbox WHERE subject = %s ORDER BY seq"
    with product.admin("customers") as connection:
        return connection.execute(query, (customer_id,)).fetchall()


def _not_projected(product: Product, due: dict[str, int]) -> dict[str, int]:
    query = "SELECT customer_id, customer_version FROM search_customer WHERE customer_id = ANY(%s)"
    with product.admin("search") as connection:
        found: dict[str, int] = dict(connection.execute(query, (list(due),)).fetchall())
    return {customer_id: found.get(customer_id, 0) for customer_id in due if found.get(customer_id) != due[customer_id]}


def _alarm(product: Product) -> float:
    """The figure ``outbox_unroutable`` of the customers' relay; -1 before it is told."""
    with urllib.request.urlopen(f"http://127.0.0.1:{product.relay_metrics}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith("outbox_unroutable ")), -1.0)
