"""One customer, from HTTP to found: gateway, service, outbox, relay, queue, worker, projection, indexer, engine."""

from __future__ import annotations

from tests.e2e.system import Api, System


def test_a_customer_is_created_found_edited_and_forgotten(system: System, api: Api) -> None:
    anna = api.create(email="anna.mueller@example.com", first_name="Anna", last_name="Müller-Lüdenscheidt")
    other = api.create(email="b@example.com", last_name="Other")
    system.drain()

    assert api.found("lüdensch") == [anna["id"]]
    assert api.found("mueller anna") == [anna["id"]]
    assert api.found("ANNA.MUELLER@example.com")[0] == anna["id"]
    assert api.found(anna["id"]) == [anna["id"]]
    assert set(api.found("")) == {anna["id"], other["id"]}

    api.edit(anna["id"], last_name="Schmidt")
    system.drain()
    assert api.found("schmid") == [anna["id"]]
    assert api.found("lüdensch") == []

    api.anonymize(anna["id"])
    system.drain()
    assert api.found("schmidt") == []
    assert api.found("anna.mueller@example.com") == []
    assert set(api.found("")) == {other["id"]}
    receipt = api.get(f"/v1/customers/{anna['id']}/anonymization")
    assert receipt["status"] == "completed"
    confirmed = {service["service"] for service in receipt["services"] if service["confirmed_at"]}
    assert confirmed >= {"billing", "search"}
    assert len(confirmed) == len(receipt["services"])
    system.assert_index_is_right(api.publisher_id)


def test_a_hit_says_which_attribute_matched_and_where(system: System, api: Api) -> None:
    api.create(
        email="anna@example.com", first_name="Anna", last_name="Müller", address={"city": "Köln", "country": "DE"}
    )
    system.drain()

    (item,) = api.get("/v1/search/customers", q="muller koeln")["items"]

    told = {(match["attribute"], match["value"], match["how"]) for match in item["matched"]}
    assert ("last_name", "Müller", "word") in told
    assert any(attribute.endswith("city") and value == "Köln" and how == "word" for attribute, value, how in told)


def test_another_publishers_customers_are_never_found(system: System, api: Api) -> None:
    stranger = system.publisher()
    anna = api.create(email="anna@example.com", last_name="Zanzibar", external_ids=[{"id": "Z-1"}])
    system.drain()

    for q in ("Zanzibar", "zanz", "anna@example.com", anna["id"], "Z-1", ""):
        assert stranger.found(q) == [], q
        assert api.found(q) == [anna["id"]], q
    token = f"{anna['id']}.1"
    assert stranger.get("/v1/search/customers", q="zanzibar", version_token=token, wait_ms=0)["items"] == []


def test_a_writer_finds_its_own_write_at_once(system: System, api: Api) -> None:
    answer = api.send("POST", "/v1/customers", {"email": "fresh@example.com", "last_name": "Freshwater"})
    token = answer.headers["Version-Token"]

    before = api.get("/v1/search/customers", q="freshwater", version_token=token, wait_ms=0)
    assert before["version_token_satisfied"] is False
    assert before["items"] == []

    for relay in system.assembly.relays.values():
        relay.step()
    # The projection has it, the index not yet.
    while system.assembly.consumers["search"].step(timeout=2.0) == 0:
        pass
    after = api.get("/v1/search/customers", q="freshwater", version_token=token, wait_ms=0)
    assert after["version_token_satisfied"] is True
    assert [item["email"] for item in after["items"]] == ["fresh@example.com"]
    system.drain()
