"""Every version of every event of others that search takes in is understood today."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from servicekit.events import Event
from servicekit.ids import new_id
from services.search.events import PUBLISHED
from services.search.handlers import SUBSCRIPTIONS
from services.search.tests.service.system import System, anonymized, publisher, told

SERVICES = Path(__file__).parents[3]
CUSTOMERS = sorted((SERVICES / "customers" / "contracts").glob("*.json"))
OTHERS = [
    path
    for service in SERVICES.iterdir()
    if service.name != "customers"
    for path in sorted((service / "contracts").glob("*.json"))
    if path.stem in SUBSCRIPTIONS
]
BILLING = [path for path in OTHERS if path.stem.startswith("billing.")]
OWN = sorted((SERVICES / "search" / "contracts").glob("*.json"))


@pytest.mark.parametrize("path", CUSTOMERS, ids=lambda path: path.stem)
def test_examples_of_the_customers_service_are_taken_in(system: System, path: Path) -> None:
    envelope = orjson.loads(path.read_bytes())
    event = Event.from_json(orjson.dumps({**envelope, "id": new_id("evt"), "publisherid": publisher()}))
    assert event.type in SUBSCRIPTIONS
    system.tell(event)
    system.index()
    expected = [] if ".anonymized." in event.type else [event.subject]
    assert system.found(event.publisher_id, event.subject) == expected


@pytest.mark.parametrize("path", BILLING, ids=lambda path: path.stem)
def test_examples_of_billing_are_taken_in(system: System, path: Path) -> None:
    envelope = orjson.loads(path.read_bytes())
    event = Event.from_json(orjson.dumps({**envelope, "id": new_id("evt"), "publisherid": publisher()}))
    mine, data = event.publisher_id, event.data
    assert event.datasubject is not None
    system.tell(told(mine, event.datasubject, 1), event)
    system.index()
    if event.type.startswith("billing.account."):
        response = system.get(mine, q=event.datasubject, columns="transactions_count,lifetime_value,next_payment_at")
        (item,) = response.get_json()["items"]
        assert all(item[name] == data[name] for name in ("transactions_count", "lifetime_value", "next_payment_at"))
    else:
        for word in filter(None, (event.subject, data["external_order_id"], data["provider_reference"])):
            assert system.found(mine, word) == [event.datasubject], word


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_examples_of_other_services_are_taken_in(system: System, path: Path) -> None:
    mine = publisher()
    system.tell(Event.from_json(orjson.dumps({**orjson.loads(path.read_bytes()), "publisherid": mine})))
    system.index()
    assert system.found(mine, "") == [], "it waits for the customer's own section"


def test_examples_cover_every_type_that_is_consumed() -> None:
    assert {orjson.loads(path.read_bytes())["type"] for path in (*CUSTOMERS, *OTHERS)} >= SUBSCRIPTIONS.keys()


def test_what_is_published_looks_like_its_example(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(anonymized(mine, ada, 2))
    system.index()
    (event,) = system.confirmations()
    (example,) = [Event.from_json(path.read_bytes()) for path in OWN]
    assert (event.type, event.source, event.data.keys()) == (example.type, example.source, example.data.keys())
    schema = next(kind.schema for kind in PUBLISHED if kind.name == event.type)
    assert schema().validate(event.data) == {}
    assert schema().validate(example.data) == {}
