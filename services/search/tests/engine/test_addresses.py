"""Real addresses of 132 countries and territories: each is found by its city and postal code, in its own script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.search.documents import customer_document
from services.search.engine.port import Engine
from services.search.tests.engine.helpers import fill, ids

LINES = (Path(__file__).parents[1] / "data" / "addresses.jsonl").read_text(encoding="utf-8").splitlines()
ADDRESSES: dict[str, dict[str, Any]] = {f"cus_{n:03}": json.loads(line) for n, line in enumerate(LINES)}
PUBLISHER = "pub_real_addresses"


@pytest.fixture(scope="module")
def filled(engine: Engine) -> Engine:
    states = [
        {"publisher_id": PUBLISHER, "id": name, "country": address["country"], "address": address}
        for name, address in ADDRESSES.items()
    ]
    fill(engine, [customer_document(state, doc_version=1) for state in states])
    return engine


def test_there_are_as_many_as_the_source_says() -> None:
    assert len(ADDRESSES) == 194
    assert len({address["country"] for address in ADDRESSES.values()}) == 132


@pytest.mark.parametrize(("field", "count"), [("city", 194), ("state", 157), ("postal_code", 141)])
def test_each_is_found(filled: Engine, field: str, count: int) -> None:
    tried = [name for name, address in ADDRESSES.items() if address.get(field)]
    for name in tried:
        address = ADDRESSES[name]
        value = address[field]
        for typed in {value, value.upper(), value.lower(), value[: len(value) // 2 + 1].strip()}:
            assert name in ids(filled, PUBLISHER, typed), (typed, address)
        both = f"{address.get('postal_code', '')} {address.get('city', '')}"
        assert name in ids(filled, PUBLISHER, both), (both, address)
    assert len(tried) == count


@pytest.mark.parametrize("country", ["US", "AU", "CA"])
def test_each_is_found_by_the_code_of_its_state(filled: Engine, country: str) -> None:
    coded = {name: a["state_code"] for name, a in ADDRESSES.items() if a["country"] == country and "state_code" in a}
    assert coded
    for name, code in coded.items():
        assert name in ids(filled, PUBLISHER, code), ADDRESSES[name]


def test_codes_are_found_without_their_separators(filled: Engine) -> None:
    for name, address in ADDRESSES.items():
        # Some districts come with a list of codes.
        code = address.get("postal_code", "")
        for typed in (code.replace(" ", ""), code.replace("-", ""), code.replace(" ", "-").lower()):
            assert name in ids(filled, PUBLISHER, typed), (typed, address)
