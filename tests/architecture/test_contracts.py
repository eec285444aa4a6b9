"""Events: an example of every version ever published, valid, and understood by everybody who takes it today."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

from servicekit.db.database import Database
from servicekit.dispatch import Dispatcher
from servicekit.events import Event, EventType
from tests.architecture.conftest import Migrated
from tools.contracts import BrokenContract, validate_event
from tools.discovery import Service, services
from tools.generate.event_schemas import published

PUBLISHED = list(published())
EXAMPLES = {path: orjson.loads(path.read_bytes()) for service in services() for path in service.contracts}
CONSUMERS = [service for service in services() if service.queue is not None]


@pytest.mark.parametrize(("service", "kind"), PUBLISHED, ids=[kind.name for _service, kind in PUBLISHED])
def test_every_published_type_has_a_valid_example(service: Service, kind: EventType) -> None:
    path = service.folder / "contracts" / f"{kind.name}.json"
    assert path in service.contracts, f"add {path}"
    validate_event(path.read_bytes())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_named_for_its_type(path: Path) -> None:
    assert EXAMPLES[path]["type"] == path.stem


@pytest.mark.parametrize(("service", "kind"), PUBLISHED, ids=[kind.name for _service, kind in PUBLISHED])
def test_an_event_without_personal_data_still_keeps_the_contract(service: Service, kind: EventType) -> None:
    event = json.loads((service.folder / "contracts" / f"{kind.name}.json").read_bytes())
    event["data"] = kind.without_personal(event["data"])
    validate_event(json.dumps(event).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"type": "nobody.knows.this.v1"},
        {"publisherid": None},
        {"aggregateversion": 0},
        {"time": "yesterday"},
        {"undeclared": 1},
        {"data": {}},
    ],
    ids=str,
)
def test_an_event_that_breaks_the_contract_is_told(change: dict[str, object]) -> None:
    event = next(iter(EXAMPLES.values()))
    with pytest.raises(BrokenContract):
        validate_event(orjson.dumps({**event, **change}))


def test_a_field_that_the_schema_of_data_lacks_breaks_the_contract() -> None:
    event = next(iter(EXAMPLES.values()))
    with pytest.raises(BrokenContract, match="undeclared"):
        validate_event(orjson.dumps({**event, "data": {**event["data"], "undeclared": 1}}))


def test_whatever_is_consumed_is_published_and_has_an_example() -> None:
    names = {event["type"] for event in EXAMPLES.values()}
    for consumer in CONSUMERS:
        assert set(consumer.subscriptions) <= names


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda service: service.name)
def test_every_example_is_understood_by_todays_consumers(consumer: Service, migrated: Migrated) -> None:
    taken = [event for event in EXAMPLES.values() if event["type"] in consumer.subscriptions]
    assert taken
    # As they happened, and then each once more, late: neither may be an error.
    in_order = sorted(taken, key=lambda event: (event["source"], event["subject"], event["aggregateversion"]))
    dispatcher = Dispatcher(str(consumer.queue), consumer.subscriptions)
    database = Database(migrated.copy(consumer).urls.app)
    try:
        for content in [*in_order, *in_order]:
            event = Event.from_json(orjson.dumps(content))
            with database.transaction(event.publisher_id) as session:
                dispatcher.dispatch(session, event.publisher_id, [event])
    finally:
        database.close()


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda service: service.name)
def test_fields_and_attributes_that_are_not_known_do_no_harm(consumer: Service, migrated: Migrated) -> None:
    taken = [event for event in EXAMPLES.values() if event["type"] in consumer.subscriptions]
    dispatcher = Dispatcher(str(consumer.queue), consumer.subscriptions)
    database = Database(migrated.copy(consumer).urls.app)
    try:
        for content in taken:
            more = {**content, "added": 1, "data": {**content["data"], "added": {"deep": [1]}}}
            event = Event.from_json(orjson.dumps(more))
            with database.transaction(event.publisher_id) as session:
                dispatcher.dispatch(session, event.publisher_id, [event])
    finally:
        database.close()
