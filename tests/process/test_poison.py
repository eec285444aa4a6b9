"""A message that can't be handled is parked, and its 19 neighbors go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from servicekit import clock
from servicekit.bus import Message, Outcome
from servicekit.bus.amqp import AmqpBus, dead_letter_queue
from servicekit.clock import rfc3339
from servicekit.ids import new_id
from tests.process.product import ROOT, Product
from tests.process.waiting import wait_until

CONTRACT = ROOT / "services" / "customers" / "contracts" / "customers.customer.edited.v1.json"


def _not_json(event: dict[str, Any]) -> bytes:
    return b"\xff not JSON " + str(event["subject"]).encode()


def _unreadable_state(event: dict[str, Any]) -> bytes:
    return json.dumps({**event, "data": {**event["data"], "email": 5}}).encode()


@pytest.mark.real("RabbitMQ", "OpenSearch")
@pytest.mark.parametrize(("poison", "is_told"), [(_not_json, False), (_unreadable_state, True)])
def test_poison_is_parked_and_its_neighbors_go_on(
    product: Product, poison: Callable[[dict[str, Any]], bytes], is_told: bool
) -> None:
    publisher_id = new_id("pub")
    events = [_event(publisher_id) for _ in range(20)]
    bodies = [json.dumps(event).encode() for event in events]
    bodies[10] = poison(events[10])
    subjects = [event["subject"] for event in events]
    parked_before = {row[0] for row in _parked(product)}

    _publish(product, events, bodies)

    neighbors = {subject for subject in subjects if subject != subjects[10]}
    wait_until("19 neighbors have arrived", 20.0, lambda: neighbors - _projected(product, publisher_id))
    wait_until("the poison is parked", 20.0, lambda: len(_parked(product)) != len(parked_before) + 1 and "not yet")
    assert _projected(product, publisher_id) == neighbors
    (row,) = [row for row in _parked(product) if row[0] not in parked_before]
    assert row[1:4] == ((publisher_id, subjects[10], subjects[10]) if is_told else (None, None, None))
    assert bytes(row[4]) == bodies[10]
    bus = AmqpBus(product.amqp_url, exchange="accounts.events")
    wait_until("the queue is empty", 10.0, lambda: bus.depth("search"))
    assert bus.depth(dead_letter_queue("search")) == 0


def _event(publisher_id: str) -> dict[str, Any]:
    event = json.loads(CONTRACT.read_text())
    customer_id = new_id("cus")
    told = {"id": new_id("evt"), "subject": customer_id, "datasubject": customer_id, "publisherid": publisher_id}
    return {
        **event,
        **told,
        "time": rfc3339(clock.now() - timedelta(seconds=1)),
        "data": {**event["data"], "id": customer_id},
    }


def _publish(product: Product, events: list[dict[str, Any]], bodies: list[bytes]) -> None:
    publisher = AmqpBus(product.amqp_url, exchange="accounts.events").publisher()
    messages = [
        Message(id=event["id"], type=event["type"], body=body, headers={})
        for event, body in zip(events, bodies, strict=True)
    ]
    assert publisher.publish(messages, timeout=10.0) == [Outcome.CONFIRMED] * len(messages)
    publisher.close()


def _projected(product: Product, publisher_id: str) -> set[str]:
    query = "SELECT customer_id FROM search_customer WHERE publisher_id = %s"
    with product.admin("search") as connection:
        return {row[0] for row in connection.execute(query, (publisher_id,))}


def _parked(product: Product) -> list[tuple[Any, ...]]:
    query = "SELECT id, publisher_id, subject, datasubject, body FROM parked_message"
    with product.admin("search") as connection:
        return connection.execute(query).fetchall()
