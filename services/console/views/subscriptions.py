"""What is done with a subscription: cancelling it and undoing that (P4), switching it and undoing that (P4b)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from services.console.clients import ApiProblem, SessionEnded
from services.console.consequences import told
from services.console.forms import Form
from services.console.signed_in import api, reader
from services.console.views.billing import (
    BILLING,
    done,
    fragment,
    fresh_key,
    key_after,
    of_this,
    possible,
    require_write,
    send,
)
from services.console.views.customer import dialog

blueprint = Blueprint("subscriptions", __name__)
_PLACE = "/customers/<customer_id>/subscriptions/<subscription_id>"
_FIRST = {"when": "period_end", "refund": "none"}
_REFUSED = "The payment was declined: {} Nothing was changed."


@blueprint.get(f"{_PLACE}/cancel")
@dialog
def cancel(customer_id: str, subscription_id: str) -> Response:
    """When, with or without refund, what each brings about, and the question."""
    require_write()
    return _form("cancel", customer_id, subscription_id, Form(_FIRST), fresh_key())


@blueprint.post(f"{_PLACE}/cancel")
@dialog
def post_cancel(customer_id: str, subscription_id: str) -> Response:
    """Cancel it."""
    values = _typed("when", "refund", "reason")
    body = {"when": values["when"] or "period_end"}
    if body["when"] == "now":
        body["refund"] = values["refund"] or "none"
    if values["reason"]:
        body["reason"] = values["reason"]
    return _done("cancel", customer_id, subscription_id, "POST", "cancel", body, values)


@blueprint.get(f"{_PLACE}/resume")
@dialog
def resume(customer_id: str, subscription_id: str) -> Response:
    """What undoing a cancellation brings about, and the question."""
    require_write()
    return _form("resume", customer_id, subscription_id, Form(), fresh_key())


@blueprint.post(f"{_PLACE}/resume")
@dialog
def post_resume(customer_id: str, subscription_id: str) -> Response:
    """Undo it."""
    return _done("resume", customer_id, subscription_id, "POST", "resume", {}, _typed())


@blueprint.get(f"{_PLACE}/switch")
@dialog
def switch(customer_id: str, subscription_id: str) -> Response:
    """To which offer, when, what that costs, and the question."""
    require_write()
    values = {"offer_id": request.args.get("offer_id", "")[:64], "when": request.args.get("when", "period_end")}
    return _form("switch", customer_id, subscription_id, Form(values), fresh_key())


@blueprint.post(f"{_PLACE}/switch")
@dialog
def post_switch(customer_id: str, subscription_id: str) -> Response:
    """Switch it."""
    values = _typed("offer_id", "when")
    return _done("switch", customer_id, subscription_id, "POST", "switch", values, values)


@blueprint.get(f"{_PLACE}/keep")
@dialog
def keep(customer_id: str, subscription_id: str) -> Response:
    """What taking back a switch brings about, and the question."""
    require_write()
    return _form("keep", customer_id, subscription_id, Form(), fresh_key())


@blueprint.post(f"{_PLACE}/keep")
@dialog
def post_keep(customer_id: str, subscription_id: str) -> Response:
    """Take it back."""
    return _done("keep", customer_id, subscription_id, "DELETE", "switch", None, _typed())


def _done(
    what: str, customer_id: str, subscription_id: str, method: str, path: str, body: Any, values: dict[str, str]
) -> Response:
    """Ask for an action and tell what came of it; else its dialog again, with what stands in the way."""
    _read(customer_id, subscription_id)
    try:
        answer = send(method, f"subscriptions/{subscription_id}/{path}", body)
    except SessionEnded:
        raise
    except ApiProblem as problem:
        return _form(what, customer_id, subscription_id, Form.refused(values, problem), key_after(problem))
    charge = answer.get("transaction") or {}
    if charge.get("status") == "failed":
        failure = (charge.get("failure") or {}).get("message") or "the provider didn't say why."
        message = _REFUSED.format(failure)
        return _form(what, customer_id, subscription_id, Form(values, message=message), fresh_key())
    return done(_words(what, answer))


def _words(what: str, answer: Mapping[str, Any]) -> str:
    subscription, given = answer["subscription"], answer.get("refund") or {}
    if what == "resume":
        return "The subscription goes on."
    if what == "keep":
        return "The switch is taken back."
    if what == "switch":
        pending = (answer.get("transaction") or {}).get("status") == "pending"
        later = subscription["pending_switch"] is not None
        return "Switches once it is paid." if pending else "Will switch with the period." if later else "Switched."
    if subscription["status"] not in ("cancelled", "expired"):
        return "The store is asked to cancel."
    ended = (
        "Canceled; access until the period ends." if subscription["status"] == "cancelled" else "Canceled and ended."
    )
    if not given:
        return ended
    amount, state = reader().amount(given["amount"]), given["status"]
    words = {"succeeded": f"{amount} refunded.", "failed": f"But the refund of {amount} failed: see the transaction."}
    return f"{ended} {words.get(state, f'The refund of {amount} is under way.')}"


def _form(what: str, customer_id: str, subscription_id: str, form: Form, key: str) -> Response:
    subscription = _read(customer_id, subscription_id)
    offers = _offers(subscription) if what == "switch" else []
    chosen = next((each for each in offers if each["id"] == form.value("offer_id")), None)
    can = possible(f"subscriptions/{subscription_id}", offer_id=chosen["id"] if chosen else None)
    wanted = {"cancel": ("cancel", "cancel_now"), "switch": ("switch_at_period_end", "switch_now")}
    names = wanted.get(what, ("undo_switch",) if what == "keep" else (what,))
    allowed = any(can[name]["allowed"] for name in names)
    return fragment(
        f"billing/{what}.html" if allowed or form.message or offers else "billing/refused.html",
        customer_id=customer_id,
        subscription=subscription,
        offers=offers,
        chosen=chosen,
        at_end=can[names[0]],
        now=can[names[-1]],
        can=can[names[0]],
        form=form,
        key=key,
        told=lambda consequence: told(consequence, reader(), subscription["offer"]["name"]),
    )


def _offers(subscription: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a subscription can be switched to: other subscriptions on sale, in its currency."""
    on_sale = api().get(f"{BILLING}/offers", status="active", limit=200).body["items"]
    currency = subscription["price"]["currency"]
    fitting = [
        each
        for each in on_sale
        if each["kind"] == "subscription"
        and each["price"]["currency"] == currency
        and each["id"] != subscription["offer"]["id"]
    ]
    return sorted(fitting, key=lambda each: str(each["name"]).casefold())


def _read(customer_id: str, subscription_id: str) -> Mapping[str, Any]:
    return of_this(customer_id, api().get(f"{BILLING}/subscriptions/{subscription_id}").body)


def _typed(*names: str) -> dict[str, str]:
    require_write()
    return {name: request.form.get(name, "").strip()[:2_000] for name in names}
