"""The form of filters and the search's language say the same."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from services.console.filtering import FILTERS, Filtering
from services.console.tests.conftest import FakeApi
from services.console.tests.examples import PREFERENCES
from services.console.tests.test_customers import QUERY

FORMS: list[tuple[dict[str, Any], str]] = [
    ({"words": " anna  "}, "anna"),
    ({"subscription": ["active", "past_due"], "words": "anna berlin"}, "anna berlin subscription:active,past_due"),
    ({"access": "no", "channel": "apple"}, "access:no channel:apple"),
    ({"first_channel": "web", "channel": "apple"}, "first_channel:web channel:apple"),
    ({"payment_method": "american express"}, 'payment_method:"american express"'),
    ({"transactions_from": "3"}, "transactions:3.."),
    ({"transactions_from": "3", "transactions_to": "5"}, "transactions:3..5"),
    ({"lifetime_value_from": "9,90", "lifetime_value_currency": "EUR"}, "lifetime_value:9.90EUR.."),
    ({"lifetime_value_from": "1,000", "lifetime_value_to": "1,234,567.50"}, "lifetime_value:1000..1234567.50"),
    ({"lifetime_value_from": "1", "lifetime_value_to": "2"}, "lifetime_value:1..2"),
    ({"lifetime_value_currency": "EUR"}, ""),
    ({"registered": "<30d"}, "registered<30d"),
    ({"last_login": "never"}, "-has:last_login"),
    ({"registered": "<30d", "registered_from": "2026-01-01"}, "registered:2026-01-01.."),
    ({"access_until_to": "2026-02-01"}, "access_until:..2026-02-01"),
    ({"note": "no", "flag": ["vip"], "country": "DE"}, "country:DE flag:vip -has:note"),
    ({"words": "portland OR", "country": "US"}, "country:US portland OR"),
]


@pytest.mark.parametrize(("sent", "query"), FORMS, ids=[query or "nothing" for _, query in FORMS])
def test_what_is_chosen_is_written_and_read_again(sent: dict[str, Any], query: str) -> None:
    filtering = Filtering.of_form(MultiDict(sent))
    assert filtering.query == query
    assert Filtering.of_query(query).query == query


@pytest.mark.parametrize(
    "q",
    [
        "country:DE,FR",
        "last_login>45d",
        "transactions>3",
        "-country:DE",
        'city:"De la Cruz"',
        "last_login < 30d",
        "anna OR country:DE",
        "NOT access:yes",
        'country:"DE',
        "registered:2026-03",
        "lifetime_value:1EUR..2USD",
        "subscription:",
        "transactions:..",
    ],
)
def test_what_the_form_can_not_show_stays_as_it_was_written(q: str) -> None:
    filtering = Filtering.of_query(q)
    assert (filtering.words, dict(filtering.chosen), filtering.query) == (q, {}, q)


def test_a_filter_given_twice_is_shown_once_and_kept_twice() -> None:
    filtering = Filtering.of_query("country:DE country:FR")
    assert (filtering.value("country"), filtering.words) == ("DE", "country:FR")
    assert filtering.query == "country:FR country:DE"


_VALUES = st.text("ab1.,:-<>\"' \t#Ä", max_size=6)
_NAMES = [each.name + part for each in FILTERS for part in ("", "_from", "_to", "_currency")]


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(["words", *_NAMES]), st.lists(_VALUES, min_size=1, max_size=3)))
def test_whatever_is_sent_the_query_is_one_that_comes_to_itself(sent: dict[str, list[str]]) -> None:
    query = Filtering.of_form(MultiDict(sent)).query
    again = Filtering.of_query(query).query
    assert Filtering.of_query(again).query == again
    assert sorted(again.split()) == sorted(query.split())


def test_the_form_leads_to_an_address_with_the_query(client: FlaskClient) -> None:
    sent = {"words": "anna", "subscription": ["active"], "registered_from": "2026-01-01", "sort": "email"}
    answer = client.get("/console/customers/filtered", query_string=sent)
    assert answer.status_code == 303
    address = urlsplit(answer.headers["Location"])
    assert address.path == "/console/customers"
    assert parse_qs(address.query) == {"q": ["anna subscription:active registered:2026-01-01.."], "sort": ["email"]}


def test_the_form_shows_what_the_query_says(client: FlaskClient) -> None:
    q = "anna subscription:active lifetime_value:5EUR.. last_login>30d payment_method:diners"
    page = client.get("/console/customers/filters", query_string={"q": q}).text
    assert 'name="words" value="anna"' in page
    assert 'value="active" checked' in page
    assert 'value="past_due" checked' not in page
    assert '<option value="EUR" selected>' in page
    assert '<option value="&gt;30d" selected>more than 30 days ago</option>' in page
    assert '<option value="diners" selected>diners</option>' in page
    part = client.get("/console/customers/filters", query_string={"q": q}, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "data-closes" in part


@pytest.mark.parametrize("q", ["flag:vip,unheard_of", "subscription:Active,lapsed"])
def test_what_is_chosen_and_not_offered_is_not_lost_when_the_form_is_sent(client: FlaskClient, q: str) -> None:
    page = client.get("/console/customers/filters", query_string={"q": q}).text
    boxes = re.findall(r'type="checkbox" name="(\w+)" value="([^"]*)" checked', page)
    assert Filtering.of_form(MultiDict(boxes)).query == q


def test_the_form_keeps_that_best_matches_go_first(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers["GET /v1/identity/me/preferences"] = {**PREFERENCES, "customer_list": {"sort": "email"}}
    page = client.get("/console/customers", query_string={"q": "anna", "sort": ""}).text
    assert 'href="/console/customers/filters?q=anna&amp;sort="' in page
    form = client.get("/console/customers/filters", query_string={"q": "anna", "sort": ""}).text
    assert '<input type="hidden" name="sort" value="">' in form
    assert 'name="sort"' not in client.get("/console/customers/filters?q=anna").text


def test_filters_in_use_are_shown_with_a_way_back(client: FlaskClient, fake: FakeApi) -> None:
    page = client.get("/console/customers", query_string={"q": "anna country:DE -has:note"}).text
    assert "Country: <strong>Germany</strong>" in page
    assert "Has notes: <strong>No</strong>" in page
    assert 'href="/console/customers?q=anna+-has%3Anote" aria-label="Without the filter Country"' in page
    assert fake.bodies(QUERY)[0]["q"] == "anna country:DE -has:note"
    assert "Filters in use" not in client.get("/console/customers?q=anna").text
