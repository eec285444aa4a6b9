"""Whatever a customer is called and wherever they live: they have a document, and it is matched."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.search.documents import customer_document
from services.search.matching import match
from services.search.tests.engine.helpers import parse
from services.search.tests.hostile import HOSTILE

FIELDS = [
    "email",
    "first_name",
    "last_name",
    "company",
    "phone",
    "birthdate",
    "country",
    "currency",
    "language",
    "status",
]
ADDRESS = ["line1", "line2", "city", "state", "postal_code", "country"]


def _states(value: str) -> list[dict[str, Any]]:
    return [
        *({field: value} for field in FIELDS),
        *({"address": {part: value}} for part in ADDRESS),
        {"first_name": value, "last_name": value},
        {"external_ids": [{"source": value, "id": value}]},
        {"attributes": {value: value}},
        {"registered_at": value, "last_login_at": value},
    ]


VALUES = [*HOSTILE, "word " * 20_000, "王" * 100_000, "-" * 100_000]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:40])
def test_any_value_of_any_field_makes_a_document(value: str) -> None:
    query = parse("quux")
    for state in _states(value):
        began = time.perf_counter()
        document = customer_document(
            {"publisher_id": "pub_1", "id": "cus_1", "company": "Quux", **state}, doc_version=1
        )
        document.tokens()
        assert (match(query, document) is None) == ("company" in state), state.keys()
        assert time.perf_counter() - began < 1
