from __future__ import annotations

from typing import Any

import pytest

from servicekit.ids import new_id
from services.search.engine.errors import TooBroad
from services.search.engine.port import Page
from services.search.tests.service.system import System, anonymized, publisher, told

ADA: dict[str, Any] = {"email": "Ada.Lovelace@Example.com", "first_name": "Ada", "last_name": "Lovelace"}


def test_a_new_customer_is_found_and_says_why(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, "created", **ADA, external_ids=[{"source": "shop", "id": "C-10042"}]))
    system.index()
    answer = system.get(mine, q="lovel").get_json()
    item = answer["items"][0]
    assert (item["id"], item["email"], item["version"]) == (ada, ADA["email"], 1)
    assert {"attribute": "last_name", "value": "Lovelace", "how": "prefix"} in item["matched"]
    assert answer["total"] == {"value": 1, "exact": True}
    assert answer["next_cursor"] is None
    assert "degraded" not in answer
    assert "version_token_satisfied" not in answer
    assert system.found(mine, "c-10042") == [ada]


def test_get_and_post_answer_the_same(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, **ADA))
    system.index()
    assert system.get(mine, q="ada").get_json() == system.post(mine, q="ada").get_json()


def test_found_by_the_new_name_and_no_longer_by_the_old(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, **ADA))
    system.index()
    system.tell(told(mine, ada, 2, first_name="Ada", last_name="Byron"))
    assert system.found(mine, "Lovelace") == [], "even before the index knows"
    system.index()
    assert system.found(mine, "Byron") == [ada]
    assert system.found(mine, "Lovelace") == []


def test_an_anonymized_customer_is_not_found(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, **ADA))
    system.index()
    system.tell(anonymized(mine, ada, 2))
    for q in ("Lovelace", ADA["email"], ada, ""):
        assert system.found(mine, q) == [], "even before the index knows"
    system.index()
    for q in ("Lovelace", ADA["email"], ada, ""):
        assert system.found(mine, q) == []


def test_another_publishers_customers_are_never_found(system: System) -> None:
    mine, other, ada = publisher(), publisher(), new_id("cus")
    system.tell(told(other, ada, 3, **ADA))
    system.index()
    for q in ("Lovelace", ADA["email"], ada, ""):
        assert system.found(mine, q) == []
    answer = system.get(mine, q="Lovelace", version_token=f"{ada}.3", wait_ms=0).get_json()
    assert answer["items"] == []
    assert answer["version_token_satisfied"] is False


def test_pages_hold_everybody_once_in_order(system: System) -> None:
    mine = publisher()
    ids = [new_id("cus") for _ in range(7)]
    system.tell(*(told(mine, customer_id, **ADA) for customer_id in ids))
    system.index()
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        answer = system.get(mine, q="ada", limit=3, **cursor).get_json()
        seen += [item["id"] for item in answer["items"]]
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert seen == sorted(ids, reverse=True)
    assert system.found(mine, "") == seen


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"limit": 0}, 422, "invalid"),
        ({"limit": 201}, 422, "invalid"),
        ({"limit": "many"}, 422, "invalid"),
        ({"wait_ms": 5001}, 422, "invalid"),
        ({"unknown": "x"}, 422, "invalid"),
        ({"q": "x" * 1001}, 422, "invalid"),
        ({"q": " ".join(map(str, range(17)))}, 422, "query_too_long"),
        ({"cursor": "nonsense"}, 400, "invalid_cursor"),
        ({"cursor": "WyJzZWFyY2giLDEsIngiXQ"}, 400, "invalid_cursor"),
        ({"version_token": "nonsense"}, 422, "invalid_version_token"),
        ({"version_token": "cus_1.0"}, 422, "invalid_version_token"),
        ({"version_token": "cus_1.-1"}, 422, "invalid_version_token"),
        ({"version_token": "cus_1.99999999999999999999"}, 422, "invalid_version_token"),
    ],
)
def test_bad_input_is_refused(system: System, parameters: dict[str, Any], status: int, code: str) -> None:
    response = system.get(publisher(), **parameters)
    assert (response.status_code, response.get_json()["code"]) == (status, code)


@pytest.mark.parametrize("body", [{"limit": "5"}, {"limit": True}, {"q": None}, {"q": 5}, {"cursor": None}, []])
def test_bad_bodies_are_refused(system: System, body: Any) -> None:
    headers = system.as_program(publisher())
    assert system.client.post("/v1/search/customers/query", json=body, headers=headers).status_code == 422


def test_a_cursor_of_another_query_is_refused(system: System) -> None:
    mine = publisher()
    system.tell(*(told(mine, new_id("cus"), **ADA) for _ in range(3)))
    system.index()
    cursor = system.get(mine, q="ada", limit=1).get_json()["next_cursor"]
    assert system.get(mine, q="ada", limit=1, cursor=cursor).status_code == 200
    assert system.get(mine, q="lovelace", limit=1, cursor=cursor).status_code == 400


@pytest.mark.parametrize(
    "q", ["*", "a*", "?", "\\", "(a OR b)", "{}", "%", "_", "'; DROP", "@", "ada@", "\u202e", "😀"]
)
def test_no_query_makes_it_fail(system: System, q: str) -> None:
    assert system.get(publisher(), q=q).status_code == 200


def test_without_the_scope_or_a_token_nobody_gets_in(system: System) -> None:
    assert system.get(publisher(), scopes=["customers:read"]).status_code == 403
    assert system.client.get("/v1/search/customers").status_code == 401


def test_a_search_too_broad_to_end_in_time_says_what_to_do(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    def search(*_: Any, **__: Any) -> Page:
        raise TooBroad

    monkeypatch.setattr(system.engine.engine, "search", search)
    response = system.get(publisher(), q="a b")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert response.get_json()["code"] == "search_too_broad"
    assert "Narrow it" in response.get_json()["detail"]
    headers = system.as_program(publisher())
    suggestions = system.client.get("/v1/search/suggestions", query_string={"q": "a ci"}, headers=headers)
    assert [each["text"] for each in suggestions.get_json()["suggestions"]] == ["city:"]
