"""What people, and those who mean harm, put into a note: taken as it is, or refused with a reason."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from services.notes.tests.conftest import Notes

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
KEPT = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "{{ 7*7 }} {% for x in range(10) %}{% endfor %} ${7*7} #{7*7} <%= 7*7 %>",
    "'; DROP TABLE note; --",
    "javascript:alert(1) data:text/html,<b>x</b>",
    "\u202egnirts\u202c and \u2066isolated\u2069",
    f"{FAMILY} family, e\u0301 and caf\u00e9",
    "\u05e9\u05dc\u05d5\u05dd and \u0645\u0631\u062d\u0628\u0627",
    "=HYPERLINK(1)\n\t- a list\n\n\n- with lines",
]


@pytest.mark.parametrize("text", KEPT)
def test_it_stays_text(notes: Notes, ada: str, text: str) -> None:
    note = notes.add(ada, text)

    assert note["text"] == unicodedata.normalize("NFC", text)
    assert notes.of(ada)[0]["text"] == note["text"]


REFUSED: dict[str, Any] = {
    "a NUL": "a\0b",
    "an escape": "a\x1b[31mb",
    "a backspace": "a\x08b",
    "a C1 control": "a\x9bb",
    "a lone surrogate": "a\ud800b",
    "a noncharacter": "a\uffffb",
    "nothing": "",
    "white space": " \n\t ",
    "what shows nothing": "\u200b\u202e\u2066\ufeff",
    "one too many": "a" * 2_501,
    "far too many": "a" * 900_000,
    "a number": 7,
    "null": None,
    "a list": ["a"],
    "an object": {"a": 1},
    "true": True,
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=list(REFUSED))
def test_it_is_refused_and_nothing_changes(notes: Notes, ada: str, text: Any) -> None:
    kept = notes.add(ada, "Kept")

    added = notes.send("POST", "/v1/notes", {"customer_id": ada, "text": text})
    edited = notes.edit(kept["id"], text=text)

    for answer in (added, edited):
        assert answer.status_code in (400, 422), answer.text
        if answer.status_code == 422:
            assert [error["where"] for error in (answer.json or {})["errors"]] == ["/text"]
    assert notes.of(ada) == [kept]


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("a" * 2_500, 2_500),
        ("e\u0301" * 2_500, 2_500),
        ("\r\n".join("ab" for _ in range(834))[:2_498] + "x", None),
        (FAMILY * 357, 2_499),
        ("\U0001f600" * 2_500, 2_500),
        ("  " + "a" * 2_500 + "\n\n", 2_500),
    ],
    ids=["letters", "combining", "CRLF", "families", "emoji", "space around"],
)
def test_characters_are_counted_as_people_count_them(notes: Notes, ada: str, text: str, characters: int | None) -> None:
    note = notes.add(ada, text)

    assert len(note["text"]) <= 2_500
    assert characters is None or len(note["text"]) == characters


@pytest.mark.parametrize("more", ["a", "\U0001f600", "e\u0301"], ids=["a letter", "an emoji", "a composed letter"])
def test_one_more_is_refused_with_the_count(notes: Notes, ada: str, more: str) -> None:
    answer = notes.send("POST", "/v1/notes", {"customer_id": ada, "text": "a" * 2_500 + more})

    assert answer.status_code == 422
    assert "2,501 characters; 2,500 are the most" in answer.text


def test_a_megabyte_is_refused_before_it_is_read(notes: Notes, ada: str) -> None:
    answer = notes.send("POST", "/v1/notes", {"customer_id": ada, "text": "a" * 1_000_001})

    assert answer.status_code == 413
    assert notes.of(ada) == []


BAD_BODIES: dict[str, tuple[bytes, set[int]]] = {
    "no JSON": (b"{", {400}),
    "not an object": (b"[]", {422}),
    "nothing": (b"", {400}),
    "an unknown field": (b'{"customer_id": "CUSTOMER", "text": "x", "author": "me"}', {422}),
    "no text": (b'{"customer_id": "CUSTOMER"}', {422}),
    "a NUL in the customer": (b'{"customer_id": "cus_\\u0000", "text": "x"}', {400, 404, 422}),
    "a surrogate in the customer": (b'{"customer_id": "cus_\\ud800", "text": "x"}', {400, 404, 422}),
    "flags of the wrong form": (b'{"customer_id": "CUSTOMER", "text": "x", "flags": ["VIP!"]}', {422}),
    "flags that aren't there": (b'{"customer_id": "CUSTOMER", "text": "x", "flags": ["unheard_of"]}', {422}),
    "too many flags": (b'{"customer_id": "CUSTOMER", "text": "x", "flags": [' + b'"vip",' * 20 + b'"vip"]}', {422}),
    "a text given twice": (b'{"customer_id": "CUSTOMER", "text": "x", "text": "y"}', {400}),
}


@pytest.mark.parametrize(("body", "statuses"), BAD_BODIES.values(), ids=list(BAD_BODIES))
def test_bad_bodies_are_refused(notes: Notes, ada: str, body: bytes, statuses: set[int]) -> None:
    answer = notes.send("POST", "/v1/notes", raw=body.replace(b"CUSTOMER", ada.encode()))

    assert answer.status_code in statuses, answer.text
    assert notes.of(ada) == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "customer_id=",
        "customer_id={}&customer_id={}",
        "customer_id={}&limit=0",
        "customer_id={}&limit=201",
        "customer_id={}&cursor=x",
        "customer_id={}&cursor=WyJub3RlcyIsICJ4Il0",
        "customer_id={}&sort=text",
        "customer_id=cus_%00",
    ],
)
def test_bad_queries_are_refused(notes: Notes, ada: str, query: str) -> None:
    answer = notes.send("GET", f"/v1/notes?{query.replace('{}', ada)}")

    assert answer.status_code in (400, 422), answer.text


def test_a_cursor_of_another_customers_list_is_refused(notes: Notes, ada: str) -> None:
    bob = notes.customer()
    for _ in range(2):
        notes.add(ada)
        notes.add(bob)
    cursor = (notes.send("GET", f"/v1/notes?customer_id={ada}&limit=1").json or {})["next_cursor"]

    assert notes.send("GET", f"/v1/notes?customer_id={bob}&limit=1&cursor={cursor}").status_code == 400


@pytest.mark.parametrize("note_id", ["x", "note_", "note_%00", "%F0%9F%98%80", "note_06h5yvkg1scm7h3b8k5rqt2xzw"])
def test_ids_that_are_none_are_not_found(notes: Notes, note_id: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = notes.send(method, f"/v1/notes/{note_id}", {"text": "x"}, headers={"If-Match": "*"})
        assert answer.status_code in (400, 404), answer.text
