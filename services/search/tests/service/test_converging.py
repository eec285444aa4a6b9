"""Accounts, notes and transactions: whatever order their events come in, and however often, the same comes out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from servicekit.events import Event
from servicekit.ids import new_id
from services.search.comparison import compare
from services.search.tests.service.system import (
    BEGINNING,
    System,
    account,
    anonymized,
    publisher,
    told,
    transaction,
)

EXAMPLES = settings(
    max_examples=30,
    deadline=timedelta(seconds=30),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PEOPLE = 2
PURCHASES = 3
_MONEY = st.lists(
    st.fixed_dictionaries({"amount_minor": st.integers(0, 99_999), "currency": st.sampled_from(["EUR", "JPY"])}),
    max_size=2,
    unique_by=lambda each: each["currency"],
)
_ACCOUNTS = st.fixed_dictionaries(
    {
        "transactions_count": st.integers(0, 3),
        "lifetime_value": _MONEY,
        "subscription_status": st.sampled_from([None, "active", "past_due", "expired"]),
        "has_access": st.booleans(),
    }
)
_SUMMARIES = st.fixed_dictionaries(
    {"notes_count": st.integers(0, 3), "flags": st.lists(st.sampled_from(["vip", "at_risk"]), unique=True, max_size=2)}
)
_TRANSACTIONS = st.fixed_dictionaries(
    {
        "external_order_id": st.sampled_from([None, "GPA.3345-1234", "GPA.3345-1234..0", "W-77"]),
        "provider_reference": st.sampled_from([None, "pi_3PqR8", "pi_4AbC9"]),
        "status": st.sampled_from(["pending", "succeeded", "refunded"]),
    }
)


def _versions(fields: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(fields, max_size=4)


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """For each of a few customers: all versions of each section and purchase in order, and whether they are erased."""
    return [
        {
            "names": draw(st.lists(st.sampled_from(["Ada", "Müller", "李小龍"]), min_size=1, max_size=3)),
            "accounts": draw(_versions(_ACCOUNTS)),
            "summaries": draw(_versions(_SUMMARIES)),
            "purchases": draw(st.lists(_versions(_TRANSACTIONS), max_size=PURCHASES)),
            "erased": draw(st.sampled_from([False, False, True])),
        }
        for _ in range(PEOPLE)
    ]


def summary(publisher_id: str, customer_id: str, version: int, **fields: Any) -> Event:
    """The notes service's word of a customer."""
    return Event(
        id=new_id("evt"),
        type="notes.summary.changed.v1",
        source="/notes",
        subject=customer_id,
        time=BEGINNING + timedelta(seconds=version),
        publisher_id=publisher_id,
        aggregate_version=version,
        datasubject=customer_id,
        data={"customer_id": customer_id, "last_note_at": None, "version": version, **fields},
    )


class Side:
    """A publisher with these histories, whose people and purchases are known by their places."""

    def __init__(self, history: list[dict[str, Any]]) -> None:
        self.mine = publisher()
        self.events: list[Event] = []
        self.names: dict[str, str] = {}
        for place, each in enumerate(history):
            customer_id = new_id("cus")
            self.names[customer_id] = str(place)
            self._tell(customer_id, each)
            for number, versions in enumerate(each["purchases"]):
                bought = new_id("txn")
                self.names[bought] = f"{place}.{number}"
                self.events += [
                    transaction(self.mine, bought, customer_id, *one, **more) for one, more in _of(versions)
                ]
            if each["erased"]:
                self.events.append(anonymized(self.mine, customer_id, len(each["names"]) + 1))

    def _tell(self, customer_id: str, each: dict[str, Any]) -> None:
        for version, name in enumerate(each["names"], 1):
            self.events.append(told(self.mine, customer_id, version, last_name=name))
        for make, versions in ((account, each["accounts"]), (summary, each["summaries"])):
            self.events += [make(self.mine, customer_id, *one, **more) for one, more in _of(versions)]

    def seen(self, system: System) -> dict[str, Any]:
        """What the projection has, by places; of what is erased only that it is."""
        asked = {"mine": self.mine}
        with system.app_database.transaction(self.mine) as session:
            customers = session.execute(
                text(
                    "SELECT customer_id, deleted, customer - 'id', customer_version, account, account_version, "
                    "summary, "
                    "summary_version FROM search_customer WHERE publisher_id = :mine"
                ),
                asked,
            ).all()
            bought = session.execute(
                text(
                    "SELECT transaction_id, customer_id, transaction, version, identifiers FROM search_transaction "
                    "WHERE publisher_id = :mine AND NOT deleted"
                ),
                asked,
            ).all()
        return {
            "customers": sorted((self.names[row[0]], "" if row[1] else str(row[2:])) for row in customers),
            "transactions": sorted(
                (self.names[row[0]], self.names[row[1]], str(row[2:4]), str(_others(row[0], row[4]))) for row in bought
            ),
        }


def _of(versions: list[dict[str, Any]]) -> list[tuple[tuple[int], dict[str, Any]]]:
    return [((version,), fields) for version, fields in enumerate(versions, 1)]


def _others(own: str, identifiers: list[str]) -> list[str]:
    """But for what differs between two publishers: our own ID."""
    return [each for each in identifiers if own[-26:].casefold() not in each.casefold()]


@EXAMPLES
@given(history=histories(), data=st.data())
def test_shuffled_repeated_and_late_events_end_where_ordered_ones_do(
    system: System, history: list[dict[str, Any]], data: st.DataObject
) -> None:
    straight, crooked = Side(history), Side(history)
    for event in straight.events:
        system.tell(event)
    order = data.draw(st.permutations(crooked.events))
    order += data.draw(st.lists(st.sampled_from(crooked.events), max_size=8))
    while order:
        size = data.draw(st.integers(1, len(order)))
        system.tell(*order[:size])
        order = order[size:]
        if data.draw(st.booleans()):
            system.index()
    system.index()
    assert straight.seen(system) == crooked.seen(system)
    for side in (straight, crooked):
        result = compare(system.app_database, system.engine, side.mine)
        assert result.equal, result
