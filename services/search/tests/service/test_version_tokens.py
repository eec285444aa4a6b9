"""Read your writes: answered from an index that has the write, or told that it doesn't yet."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from servicekit.ids import new_id
from services.search.overlay import MOST_WAITING
from services.search.tests.service.system import System, anonymized, publisher, told


def _ids(answer: dict[str, Any]) -> list[str]:
    return [item["id"] for item in answer["items"]]


def test_a_write_is_seen_although_the_index_lags(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, last_name="Lovelace"))
    assert _ids(system.get(mine, q="lovelace").get_json()) == []
    answer = system.get(mine, q="lovelace", version_token=f"{ada}.1").get_json()
    assert (_ids(answer), answer["version_token_satisfied"]) == ([ada], True)
    assert answer["total"] == {"value": 1, "exact": True}
    system.index()
    assert system.get(mine, q="lovelace", version_token=f"{ada}.1").get_json() == answer


def test_a_write_that_no_longer_matches_is_not_shown(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, last_name="Lovelace"))
    system.index()
    system.tell(told(mine, ada, 2, last_name="Byron"))
    answer = system.get(mine, q="lovelace", version_token=f"{ada}.2").get_json()
    assert (_ids(answer), answer["total"]["value"]) == ([], 0)
    answer = system.get(mine, q="byron", version_token=f"{ada}.2").get_json()
    assert (_ids(answer), answer["total"]["value"]) == ([ada], 1)
    assert answer["items"][0]["version"] == 2


def test_a_write_that_comes_in_while_waiting_is_seen(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    later = threading.Timer(0.15, system.tell, [told(mine, ada, 1, last_name="Lovelace")])
    later.start()
    answer = system.get(mine, q="lovelace", version_token=f"{ada}.1", wait_ms=5000).get_json()
    later.join()
    assert (_ids(answer), answer["version_token_satisfied"]) == ([ada], True)


def test_a_write_that_does_not_come_in_time_is_said_to_be_missing(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, last_name="Lovelace"))
    system.index()
    answer = system.get(mine, q="lovelace", version_token=f"{ada}.2", wait_ms=30).get_json()
    assert (_ids(answer), answer["version_token_satisfied"]) == ([ada], False)


def test_an_anonymized_customer_is_gone_at_once(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1, last_name="Lovelace"))
    system.index()
    system.tell(anonymized(mine, ada, 2))
    answer = system.get(mine, q="lovelace", version_token=f"{ada}.2").get_json()
    assert (_ids(answer), answer["version_token_satisfied"]) == ([], True)


@pytest.mark.parametrize(("before", "now"), [("Byronson", "Byron"), ("Byron", "Byronson")], ids=["rises", "falls"])
@pytest.mark.parametrize("moved", range(6))
def test_pages_with_a_fresh_customer_hold_everybody_once(system: System, moved: int, before: str, now: str) -> None:
    """One customer rises or falls in rank (a whole word, the beginning of one) while the index doesn't know yet."""
    mine = publisher()
    ids = [new_id("cus") for _ in range(6)]
    system.tell(*(told(mine, customer_id, 1, last_name=before) for customer_id in ids))
    system.index()
    fresh, others = ids[moved], sorted({*ids} - {ids[moved]}, reverse=True)
    system.tell(told(mine, fresh, 2, last_name=now))
    seen: list[str] = []
    parameters: dict[str, Any] = {"q": "byron", "limit": 2, "version_token": f"{fresh}.2"}
    while True:
        answer = system.get(mine, **parameters).get_json()
        assert len(answer["items"]) <= 2
        seen += _ids(answer)
        if answer["next_cursor"] is None:
            break
        parameters["cursor"] = answer["next_cursor"]
    assert seen == ([fresh, *others] if now == "Byron" else [*others, fresh])


def test_those_who_wait_do_not_stop_the_others(system: System) -> None:
    mine = publisher()
    made_up = [f"{new_id('cus')}.1" for _ in range(MOST_WAITING + 3)]
    answered: list[float] = []

    def wait(token: str) -> None:
        began = time.monotonic()
        assert system.get(mine, q="x", version_token=token, wait_ms=1500).get_json()["version_token_satisfied"] is False
        answered.append(time.monotonic() - began)

    threads = [threading.Thread(target=wait, args=(token,)) for token in made_up]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    waited = [seconds for seconds in answered if seconds >= 1.5]
    assert len(answered) == len(made_up)
    assert 1 <= len(waited) <= MOST_WAITING, answered


@pytest.mark.parametrize("token", ["cus_x.1", "x.1", "key_01m85skmg6ewfb5d542kar81j8.1"])
def test_a_token_of_no_customer_is_refused(system: System, token: str) -> None:
    answer = system.get(publisher(), q="x", version_token=token, wait_ms=5000)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_version_token")
    upper = system.get(publisher(), q="x", version_token=f"{new_id('cus')}.1".upper(), wait_ms=5000)
    assert upper.status_code == 422
