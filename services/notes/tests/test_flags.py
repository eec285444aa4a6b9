"""Flags: those that everybody begins with, the publisher's own, on notes and on customers."""

from __future__ import annotations

from typing import Any

import pytest

from servicekit.db.database import Database
from services.notes.flagging import key_of
from services.notes.tests.conftest import Notes, outbox_of

GIVEN = ["vip", "at_risk", "refund_pattern", "special_handling"]


def _flags(notes: Notes, *, as_: str = "agent") -> dict[str, dict[str, Any]]:
    answer = notes.send("GET", "/v1/notes/flags", as_=as_)
    assert answer.status_code == 200
    return {flag["key"]: flag for flag in (answer.json or {})["items"]}


def _change(notes: Notes, key: str, *, as_: str = "admin", if_match: str = "*", **fields: Any) -> Any:
    return notes.send("PATCH", f"/v1/notes/flags/{key}", fields, as_=as_, headers={"If-Match": if_match})


def test_everybody_begins_with_the_same(notes: Notes) -> None:
    flags = _flags(notes)

    assert list(flags) == GIVEN
    assert flags["vip"] == {
        "key": "vip",
        "name": "VIP",
        "color": "purple",
        "own": False,
        "retired": False,
        "version": 1,
    }


def test_a_publisher_has_its_own_which_no_other_sees(notes: Notes, ada: str) -> None:
    made = notes.send("POST", "/v1/notes/flags", {"name": "Presse-Kontakt é", "color": "teal"}, as_="admin")

    assert (made.status_code, (made.json or {})["key"]) == (201, "presse_kontakt_e")
    assert list(_flags(notes)) == [*GIVEN, "presse_kontakt_e"]
    assert list(_flags(notes, as_="stranger")) == GIVEN
    assert notes.add(ada, flags=["presse_kontakt_e"])["flags"] == ["presse_kontakt_e"]
    theirs = notes.customer("pub_b")
    foreign = notes.send("PUT", f"/v1/notes/customers/{theirs}/flags/presse_kontakt_e", as_="stranger")
    assert (foreign.status_code, (foreign.json or {})["code"]) == (422, "flag_unknown")


def test_only_those_who_manage_define_them(notes: Notes) -> None:
    assert notes.send("POST", "/v1/notes/flags", {"name": "Mine"}, as_="agent").status_code == 403
    assert _change(notes, "vip", as_="agent", name="Mine").status_code == 403
    assert notes.send("DELETE", "/v1/notes/flags/vip", as_="agent").status_code == 403
    assert list(_flags(notes)) == GIVEN


def test_a_given_one_is_called_and_colored_as_the_publisher_likes(notes: Notes) -> None:
    changed = _change(notes, "vip", if_match='"1"', name="Gold", color="yellow")

    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (_flags(notes)["vip"]["name"], _flags(notes)["vip"]["color"]) == ("Gold", "yellow")
    assert _flags(notes, as_="stranger")["vip"]["name"] == "VIP"
    late = _change(notes, "vip", if_match='"1"', name="Silver")
    assert (late.status_code, late.headers["ETag"]) == (412, '"2"')
    assert _change(notes, "unheard_of", name="x").status_code == 404


def test_a_retired_one_stays_where_it_is_and_can_not_be_set(notes: Notes, ada: str) -> None:
    note = notes.add(ada, flags=["vip"])
    _change(notes, "vip", retired=True)

    again = notes.send("POST", "/v1/notes", {"customer_id": ada, "text": "x", "flags": ["vip"]})
    assert (again.status_code, (again.json or {})["code"]) == (422, "flag_unknown")
    assert notes.send("PUT", f"/v1/notes/customers/{ada}/flags/vip").status_code == 422
    assert (notes.edit(note["id"], text="Edited", flags=["vip"]).json or {})["flags"] == ["vip"]
    assert (notes.edit(note["id"], flags=[]).json or {})["flags"] == []
    assert _change(notes, "vip", retired=False).status_code == 200
    assert notes.send("PUT", f"/v1/notes/customers/{ada}/flags/vip").status_code == 200


def test_one_that_was_never_set_can_be_deleted(notes: Notes, ada: str) -> None:
    for name in ("Typo", "Used"):
        notes.send("POST", "/v1/notes/flags", {"name": name}, as_="admin")
    notes.send("PUT", f"/v1/notes/customers/{ada}/flags/used")
    notes.send("DELETE", f"/v1/notes/customers/{ada}/flags/used")

    assert notes.send("DELETE", "/v1/notes/flags/typo", as_="admin").status_code == 204
    for key in ("used", "vip"):
        refused = notes.send("DELETE", f"/v1/notes/flags/{key}", as_="admin")
        assert (refused.status_code, (refused.json or {})["code"]) == (409, "flag_in_use")
    assert notes.send("DELETE", "/v1/notes/flags/typo", as_="admin").status_code == 404
    assert list(_flags(notes)) == [*GIVEN, "used"]


def test_customers_are_flagged_and_unflagged_however_often(notes: Notes, ada: str, system_database: Database) -> None:
    for _ in range(2):
        answer = notes.send("PUT", f"/v1/notes/customers/{ada}/flags/vip")
        assert (answer.status_code, (answer.json or {})["customer_flags"]) == (200, ["vip"])
        assert answer.headers["Version-Token"] == f"{ada}.notes.1"
    notes.add(ada, flags=["vip", "at_risk"])
    assert notes.summary(ada)["flags"] == ["at_risk", "vip"]

    for _ in range(2):
        answer = notes.send("DELETE", f"/v1/notes/customers/{ada}/flags/vip")
        assert (answer.json or {})["customer_flags"] == []
    assert notes.summary(ada)["flags"] == ["at_risk", "vip"], "it is still on a note"

    told = [event for event in outbox_of(system_database) if event.type == "notes.summary.changed.v1"]
    assert [event.aggregate_version for event in told] == [1, 2, 3], "what changes nothing tells nothing"


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "x" * 41},
        {"name": "a\nb"},
        {"name": "x", "color": "chartreuse"},
        {"name": "x", "color": "url(javascript:1)"},
        {"name": "x", "key": "Has Space"},
        {"name": "x", "key": "_x"},
        {"name": "VIP"},
        {"name": "x", "key": "vip"},
        {"name": "重要"},
        {"name": "x", "retired": True},
        {},
    ],
    ids=str,
)
def test_bad_ones_are_refused(notes: Notes, body: dict[str, Any]) -> None:
    answer = notes.send("POST", "/v1/notes/flags", body, as_="admin")

    assert answer.status_code in (409, 422), answer.text
    assert list(_flags(notes)) == GIVEN


def test_a_name_in_any_script_will_do_with_a_key(notes: Notes) -> None:
    made = notes.send("POST", "/v1/notes/flags", {"name": "重要", "key": "important"}, as_="admin")

    assert made.status_code == 201
    assert _flags(notes)["important"]["name"] == "重要"
    assert notes.send("POST", "/v1/notes/flags", {"name": "Other", "key": "important"}, as_="admin").status_code == 409


def test_there_is_a_limit(notes: Notes, ada: str) -> None:
    for number in range(100):
        made = notes.send("POST", "/v1/notes/flags", {"name": f"Flag {number:03}"}, as_="admin")
        assert made.status_code == 201
    assert notes.send("POST", "/v1/notes/flags", {"name": "One more"}, as_="admin").status_code == 409
    for number in range(20):
        assert notes.send("PUT", f"/v1/notes/customers/{ada}/flags/flag_{number:03}").status_code == 200
    more = notes.send("PUT", f"/v1/notes/customers/{ada}/flags/flag_020")
    assert (more.status_code, (more.json or {})["code"]) == (422, "too_many_flags")


@pytest.mark.parametrize(
    ("name", "key"), [("Press contact", "press_contact"), ("Größe -- A!", "grosse_a"), ("x" * 60, "x" * 40)]
)
def test_a_key_is_made_of_the_name(name: str, key: str) -> None:
    assert key_of(name) == key
