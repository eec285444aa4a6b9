"""The list of customers and its one search box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request

from services.console.choices import options
from services.console.clients import ApiProblem, SessionEnded
from services.console.columns import COLUMNS, chosen, sortable
from services.console.filtering import AHEAD, METHODS, PAST, STATUSES, Filtering
from services.console.flags import known, named
from services.console.listing import LONGEST_QUERY, PAGE_SIZES, Listing, marked
from services.console.selling import CHANNELS
from services.console.signed_in import api, member
from services.console.views.pages import is_fragment

blueprint = Blueprint("customers", __name__)
DEFAULT_PAGE_SIZE = 50
MOST_SUGGESTIONS = 7


@blueprint.get("")
@blueprint.get("/")
def front() -> Response:
    """The console begins with the list."""
    return make_response(redirect("/console/customers", 303))


@blueprint.get("/customers")
def customer_list() -> Response:
    """The list; for a script, only its rows and what is around them."""
    preferred = dict(member().preferences.get("customer_list") or {})
    can_sort = sortable(personal=member().may("personal:read"))
    listing = _listing()
    columns = chosen(preferred.get("columns"))
    page, problem, status = _search(listing.body(columns))
    template = "customers/results.html" if is_fragment() else "customers/list.html"
    shown = render_template(
        template,
        listing=listing,
        columns=columns,
        others=[column for column in COLUMNS if column not in columns],
        page_sizes=PAGE_SIZES,
        sortable=can_sort,
        page=page,
        problem=problem,
        marked=marked,
        flags_named=named,
        filtering=Filtering.of_query(listing.q),
    )
    # A script shows what it gets; a status of 4xx would only be one more message in the browser's console.
    response = make_response(shown, 200 if is_fragment() else status)
    response.headers["Vary"] = "HX-Request"
    return response


@blueprint.get("/customers/filters")
def filters() -> Response:
    """The form of filters with what a search already has of them; for a script, only the form."""
    listing = _listing()
    filtering = Filtering.of_query(listing.q)
    shown = render_template(
        "customers/filters_form.html" if is_fragment() else "customers/filters.html",
        filtering=filtering,
        sort=request.args.get("sort"),
        in_dialog=is_fragment(),
        back=listing.address,
        unfiltered=listing.asking(filtering.words).address,
        options=options,
        statuses=STATUSES,
        methods=METHODS,
        channels=CHANNELS,
        past=PAST,
        ahead=AHEAD,
        flags={flag.key: flag.name for flag in known() if not flag.retired or filtering.has("flag", flag.key)},
    )
    response = make_response(shown)
    response.headers["Vary"] = "HX-Request"
    return response


@blueprint.get("/customers/filtered")
def filtered() -> Response:
    """To the list that the form of filters asks for, at the address that says it in the search's own words."""
    return make_response(redirect(_listing().asking(Filtering.of_form(request.args).query).address, 303))


def _listing() -> Listing:
    preferred = dict(member().preferences.get("customer_list") or {})
    can_sort = sortable(personal=member().may("personal:read"))
    return Listing.of(request.args, sort=preferred.get("sort"), page_size=_page_size(preferred), sortable=can_sort)


def _page_size(preferred: Mapping[str, Any]) -> int:
    size = preferred.get("page_size")
    return size if size in PAGE_SIZES else DEFAULT_PAGE_SIZE


@blueprint.get("/suggestions")
def suggestions() -> Response:
    """What may be meant by what has been typed so far: options for the search box."""
    q = request.args.get("q", "")[:LONGEST_QUERY]
    try:
        found = (
            api().get("/v1/search/suggestions", q=q, limit=MOST_SUGGESTIONS).body["suggestions"] if q.strip() else []
        )
    except SessionEnded:
        raise
    except ApiProblem:  # without suggestions one can still search, and there it is told what is wrong
        found = []
    return make_response(render_template("customers/suggestions.html", suggestions=found))


def _search(body: dict[str, Any]) -> tuple[dict[str, Any] | None, ApiProblem | None, int]:
    """The page of customers, or what stands in the way of one and can be told on the list itself."""
    try:
        return api().post("/v1/search/customers/query", body).body, None, 200
    except ApiProblem as problem:
        # What is asked by personal data where that is hidden is refused too, like a mistake.
        if problem.status not in (422, 503) and problem.code != "personal_data_hidden":
            raise
        return None, problem, problem.status
