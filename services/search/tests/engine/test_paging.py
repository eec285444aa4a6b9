"""Totals, order and paging, on each engine."""

from __future__ import annotations

from dataclasses import replace

from services.search.engine.port import After, Engine, Total
from services.search.query.tree import Query
from services.search.tests.engine.helpers import document, fill, ids, parse


def walk(engine: Engine, publisher_id: str, typed: str, limit: int) -> list[list[str]]:
    pages: list[list[str]] = []
    after: After | None = None
    while True:
        page = engine.search(publisher_id, parse(typed), limit=limit, after=after)
        pages.append([hit.customer_id for hit in page.hits])
        after = page.next_after
        if after is None:
            return pages


def test_pages_follow_each_other_without_gap_or_repeat(engine: Engine, publisher_id: str) -> None:
    names = ["Anna", "Annabel", "Anne"]
    fill(engine, [document(publisher_id, f"cus_{n:02}", first_name=names[n % 3]) for n in range(30)])
    everybody = ids(engine, publisher_id, "anna")
    assert len(everybody) == 30
    assert everybody[:10] == [f"cus_{n:02}" for n in range(27, -1, -3)]
    for limit in (1, 7, 10, 15, 30, 31):
        pages = walk(engine, publisher_id, "anna", limit)
        assert [customer for page in pages for customer in page] == everybody
        assert all(len(page) == limit for page in pages[:-1])
        assert pages[-1]


def test_empty_query_lists_everybody_newest_id_first(engine: Engine, publisher_id: str) -> None:
    fill(engine, [document(publisher_id, f"cus_{n}") for n in (2, 1, 3)])
    assert walk(engine, publisher_id, "  ", 2) == [["cus_3", "cus_2"], ["cus_1"]]


def test_nobody_is_lost_or_doubled_when_others_come_and_go(engine: Engine, publisher_id: str) -> None:
    fill(engine, [document(publisher_id, f"cus_{n:02}", first_name="Anna") for n in range(10, 20)])
    first = engine.search(publisher_id, parse("anna"), limit=4)
    fill(engine, [document(publisher_id, "cus_99", first_name="Anna")])
    fill(engine, [replace(document(publisher_id, "cus_18", version=2), deleted=True, values={}, stored={})])
    second = engine.search(publisher_id, parse("anna"), limit=20, after=first.next_after)
    assert [hit.customer_id for hit in second.hits] == [f"cus_{n}" for n in range(15, 9, -1)]


def test_order_of_ids_is_that_of_code_points(engine: Engine, publisher_id: str) -> None:
    names = ["Z", "a", "_", "0", "é", "\uffff", "\U0001f984"]
    fill(engine, [document(publisher_id, name, first_name="Anna") for name in names])
    assert ids(engine, publisher_id, "anna") == sorted(names, reverse=True)


def test_totals(engine: Engine, publisher_id: str) -> None:
    fill(engine, [document(publisher_id, f"cus_{n}", first_name="Anna", last_name="Annason") for n in range(3)])
    page = engine.search(publisher_id, parse("ann"), limit=2)
    assert page.total == Total(3, exact=True)
    assert engine.search(publisher_id, parse("ann"), limit=2, after=page.next_after).total == Total(3, exact=True)
    assert engine.search(publisher_id, parse("anna zoe"), limit=2).total == Total(0, exact=True)


def test_total_beyond_ten_thousand_is_a_lower_bound(engine: Engine, publisher_id: str) -> None:
    entries = [document(publisher_id, f"cus_{n:05}", first_name="Anna", last_name=f"N{n}") for n in range(10_001)]
    fill(engine, entries[:10_000])
    for typed in ("", "anna", "an", "anna n"):
        assert engine.search(publisher_id, parse(typed), limit=1).total == Total(10_000, exact=True)
    fill(engine, entries[10_000:])
    for typed in ("", "anna", "an", "anna n"):
        page = engine.search(publisher_id, parse(typed), limit=1)
        assert page.total == Total(10_000, exact=False)
        assert [hit.customer_id for hit in page.hits] == ["cus_10000"]


def test_hits_carry_version_and_state(engine: Engine, publisher_id: str) -> None:
    written = document(publisher_id, "cus_1", version=42, first_name="Ada", attributes={"plan": ["gold", 7, None]})
    fill(engine, [written])
    (hit,) = engine.search(publisher_id, Query(), limit=5).hits
    assert (hit.customer_id, hit.doc_version, hit.stored) == ("cus_1", 42, written.stored)
