"""What the views of billing share: asking it, and telling what came of an action."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Response, abort, make_response, render_template, request

from services.console.clients import ApiProblem
from services.console.signed_in import api, member

BILLING = "/v1/billing"
WRITE = "billing:write"
CHANGED = "billing-changed"
EMPTY: Mapping[str, Any] = {"items": [], "next_cursor": None}
# Polling for what a provider hasn't settled yet: seconds before the first time, and at the most.
FIRST_WAIT, LONGEST_WAIT = 2, 30
_Found = TypeVar("_Found")


def of_customer(what: str, customer_id: str, **parameters: Any) -> Mapping[str, Any]:
    """A page of what billing has of a customer. Raises ApiProblem.

    A customer whom billing hasn't heard of yet, being just registered, has nothing.
    """
    return known(lambda: api().get(f"{BILLING}/{what}", customer_id=customer_id, **parameters).body, otherwise=EMPTY)


def known(ask: Callable[[], _Found], *, otherwise: _Found) -> _Found:
    """What is asked for; ``otherwise`` of a customer whom billing doesn't know. Raises ApiProblem."""
    try:
        return ask()
    except ApiProblem as problem:
        if problem.code != "customer_not_found":
            raise
        return otherwise


def of_this(customer_id: str, thing: Mapping[str, Any]) -> Mapping[str, Any]:
    """The thing, if it is this customer's. Raises NotFound."""
    if thing.get("customer_id") != customer_id:
        abort(404)
    return thing


def require_write() -> None:
    """What the API would refuse isn't shown."""
    if not member().may(WRITE):
        abort(403)


def fresh_key() -> str:
    """A key for a dialog that is being opened: however often it is sent, it does nothing twice."""
    return secrets.token_hex(16)


def key() -> str:
    """The key that the form came with; a new one for what can't be one."""
    sent = request.form.get("key", "")
    return sent if re.fullmatch(r"[0-9a-f]{32}", sent) else fresh_key()


def wait() -> tuple[int, int]:
    """How long until what is pending is asked for again, in seconds, and how often that then was."""
    sent = request.args.get("again", "")
    often = int(sent) if re.fullmatch(r"[0-9]{1,3}", sent) else 0
    return min(FIRST_WAIT + often * 2, LONGEST_WAIT), min(often + 1, 100)


def done(told: str) -> Response:
    """Close the dialog, say so, and show anew what may have changed."""
    response = Response()
    response.headers["HX-Reswap"] = "none"
    response.headers["HX-Trigger"] = json.dumps({CHANGED: {"told": told}})
    return response


def possible(path: str, **parameters: Any) -> Mapping[str, Mapping[str, Any]]:
    """What can be done with a thing of billing's, by the action's name. Raises ApiProblem."""
    return {each["action"]: each for each in api().get(f"{BILLING}/{path}/actions", **parameters).body["items"]}


def send(method: str, path: str, body: Any = None) -> Any:
    """Do something, once for the dialog that is open; what came of it. Raises ApiProblem."""
    content = {} if body is None else {"json": body}
    return api().send(method, f"{BILLING}/{path}", headers={"Idempotency-Key": key()}, **content).body


def key_after(problem: ApiProblem) -> str:
    """The key to try again with: the same where what came of it isn't known."""
    return key() if problem.status >= 500 else fresh_key()


def fragment(name: str, /, **context: Any) -> Response:
    """A part of the page, with 200 also for a form that wasn't taken: the browser's console is for defects."""
    return make_response(render_template(name, **context))
