"""Real addresses of 132 countries become customers over HTTP, and each is found in its own script."""

from __future__ import annotations

import pytest

from tests.e2e.address_searches import residents
from tests.e2e.system import Api, System


@pytest.mark.slow
def test_each_is_found_by_email_external_id_name_city_and_postal_code(system: System, api: Api) -> None:
    made = [(customer, api.create(**customer)["id"]) for customer in residents()]
    assert len(made) == 194
    system.drain()

    missed = []
    for customer, customer_id in made:
        address = customer["address"]
        asked = [
            customer["email"],
            customer["external_ids"][0]["id"],
            f"{customer['first_name']} {customer['last_name']}",
            f"{customer['last_name']} {customer['first_name']}",
            address.get("city"),
            address.get("postal_code"),
        ]
        missed += [(q, customer) for q in asked if q and customer_id not in api.found(q)]
    assert missed == []
    assert api.get("/v1/search/customers", q="")["total"] == {"value": 194, "exact": True}
    system.assert_index_is_right(api.publisher_id)
