"""Notes and flags through the whole product: found by search, gone with the customer, there in the demo."""

from __future__ import annotations

import secrets

from embedded.demo.filling import fill
from embedded.demo.remarks import fill_notes
from servicekit import clock
from tests.e2e.system import Api, System


def test_flags_and_notes_are_searched_for_and_forgotten(system: System, api: Api) -> None:
    anna, other = api.create(email=f"anna-{secrets.token_hex(4)}@example.com"), api.create(email="other@example.com")
    system.drain()
    note = api.send("POST", "/v1/notes", {"customer_id": anna["id"], "text": "Canarynote", "flags": ["vip"]})
    assert note.status_code == 201, note.text
    assert api.send("PUT", f"/v1/notes/customers/{other['id']}/flags/at_risk").status_code == 200
    system.drain()

    assert api.found("flag:vip") == [anna["id"]]
    assert api.found("has:note") == [anna["id"]]
    assert api.found("flag:at_risk") == [other["id"]]
    assert api.found("Canarynote") == [], "texts are not indexed"
    (item,) = api.get("/v1/search/customers", q="flag:vip")["items"]
    assert (item["notes_count"], item["flags"]) == (1, ["vip"])

    api.send("DELETE", f"/v1/notes/{(note.json or {})['id']}")
    system.drain()
    assert api.found("has:note") == []

    api.anonymize(other["id"])
    system.drain()
    assert api.found("flag:at_risk") == []
    services = api.get(f"/v1/customers/{other['id']}/anonymization")["services"]
    assert all(each["confirmed_at"] for each in services if each["service"] == "notes")
    assert "notes" in {each["service"] for each in services}
    system.assert_index_is_right(api.publisher_id)


def test_the_demo_has_notes_and_flags_the_same_ones_each_time(system: System, api: Api) -> None:
    customers, notes = (system.assembly.databases[f"{name}.app"] for name in ("customers", "notes"))
    now = clock.now()
    fill(customers, publisher_id=api.publisher_id, count=60, now=now, done=lambda _: None)
    for _ in range(2):
        fill_notes(customers, notes, publisher_id=api.publisher_id, owner=("stf_owner", "Olivia"), count=60, now=now)
    system.drain()

    written, flagged = api.found("has:note"), api.found("has:flag")
    assert 10 <= len(written) <= 30
    assert 3 <= len(flagged) <= 20
    seen = [note for each in written for note in api.get("/v1/notes", customer_id=each)["items"]]
    assert len(seen) < 3 * len(written) + 1
    assert {note["author"]["name"] for note in seen} == {"Olivia", "Kim Okafor", "Lena Brandt"}
