"""What is done with a transaction: cancelling it (T4), refunding it (T5), extending what it gives access to (T6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from flask import Blueprint, Response, request

from servicekit import clock
from services.console.clients import ApiProblem, SessionEnded
from services.console.consequences import told
from services.console.forms import Form
from services.console.money import plain, typed
from services.console.selling import REFUND_REASONS, UNITS
from services.console.signed_in import reader
from services.console.views.billing import done, fragment, fresh_key, key_after, possible, require_write, send
from services.console.views.customer import dialog
from services.console.views.transactions import read

blueprint = Blueprint("refunds", __name__)
_PLACE = "/customers/<customer_id>/transactions/<transaction_id>"
_REFUSED = "The payment provider refused the refund: {} Nothing was changed."
_REFUND = ("how", "amount", "reason", "comment", "full_access", "full_renewals", "part_access", "part_renewals")
_EXTEND = ("how", "count", "unit", "day", "reason")


@blueprint.get(f"{_PLACE}/cancel")
@dialog
def cancel(customer_id: str, transaction_id: str) -> Response:
    """What cancelling brings about, and the question."""
    require_write()
    return _cancel(customer_id, transaction_id, Form({"reason": "requested_by_customer"}), fresh_key())


@blueprint.post(f"{_PLACE}/cancel")
@dialog
def post_cancel(customer_id: str, transaction_id: str) -> Response:
    """Do it."""
    values = _typed("reason", "comment")
    body = {"reason": values["reason"], **({"comment": values["comment"]} if values["comment"] else {})}
    return _done(customer_id, transaction_id, "cancel", body, values)


@blueprint.get(f"{_PLACE}/refund")
@dialog
def refund(customer_id: str, transaction_id: str) -> Response:
    """The form: how much, why, and what becomes of access and renewals."""
    require_write()
    return _refund(customer_id, transaction_id, Form({"reason": "requested_by_customer", "how": "full"}), fresh_key())


@blueprint.post(f"{_PLACE}/refund")
@dialog
def post_refund(customer_id: str, transaction_id: str) -> Response:
    """Give it back."""
    values = _typed(*_REFUND)
    is_part = values["how"] == "part"
    which = "part" if is_part else "full"
    body: dict[str, Any] = {"reason": values["reason"]}
    for name, chosen in (("end_access", "access"), ("stop_renewals", "renewals")):
        if values[f"{which}_{chosen}"]:
            body[name] = values[f"{which}_{chosen}"] == "end"
    if values["comment"]:
        body["comment"] = values["comment"]
    if is_part:
        currency = read(customer_id, transaction_id)["amount"]["currency"]
        body["amount"] = {"amount": typed(values["amount"], reader().locale), "currency": currency}
    return _done(customer_id, transaction_id, "refund", body, values)


@blueprint.get(f"{_PLACE}/extend")
@dialog
def extend(customer_id: str, transaction_id: str) -> Response:
    """The form: how much longer, and why."""
    require_write()
    values = {"how": "duration", "count": "1", "unit": "month"}
    return _extend(customer_id, transaction_id, Form(values), fresh_key())


@blueprint.post(f"{_PLACE}/extend")
@dialog
def post_extend(customer_id: str, transaction_id: str) -> Response:
    """Extend it."""
    values = _typed(*_EXTEND)
    body: dict[str, Any] = {"reason": values["reason"]}
    if values["how"] == "until":
        try:
            body["until"] = reader().end(date.fromisoformat(values["day"])).isoformat()
        except (ValueError, OverflowError):
            return _extend(
                customer_id, transaction_id, Form(values, {"day": "Not a day."}, "Choose a day."), fresh_key()
            )
    else:
        count = int(values["count"]) if values["count"].isascii() and values["count"].isdigit() else 0
        body["duration"] = {"unit": values["unit"], "count": min(count, 10_000)}
    return _done(customer_id, transaction_id, "extend_access", body, values)


def _done(
    customer_id: str, transaction_id: str, action: str, body: Mapping[str, Any], values: dict[str, str]
) -> Response:
    """Ask for an action and tell what came of it; else its form again, with what stands in the way."""
    read(customer_id, transaction_id)
    again = {"cancel": _cancel, "refund": _refund, "extend_access": _extend}[action]
    try:
        answer = send("POST", f"transactions/{transaction_id}/{action}", body)
    except SessionEnded:
        raise
    except ApiProblem as problem:
        return again(customer_id, transaction_id, Form.refused(values, problem), key_after(problem))
    given = answer["refund"] or {}
    if given.get("status") == "failed":
        failure = (given.get("failure") or {}).get("message") or "it didn't say why."
        return again(customer_id, transaction_id, Form(values, message=_REFUSED.format(failure)), fresh_key())
    return done(_words(action, answer))


def _words(action: str, answer: Mapping[str, Any]) -> str:
    if action == "extend_access":
        return "Access extended."
    if answer["refund"] is None:
        pending = answer["transaction"]["status"] == "pending"
        return "The payment is being called off." if pending else "The transaction is canceled."
    amount = reader().amount(answer["refund"]["amount"])
    return (
        f"{amount} refunded." if answer["refund"]["status"] == "succeeded" else f"The refund of {amount} is under way."
    )


def _cancel(customer_id: str, transaction_id: str, form: Form, key: str) -> Response:
    return _form("cancel", "billing/cancel_transaction.html", customer_id, transaction_id, form, key)


def _refund(customer_id: str, transaction_id: str, form: Form, key: str) -> Response:
    return _form("refund", "billing/refund.html", customer_id, transaction_id, form, key)


def _extend(customer_id: str, transaction_id: str, form: Form, key: str) -> Response:
    return _form("extend_access", "billing/extend.html", customer_id, transaction_id, form, key)


def _form(action: str, name: str, customer_id: str, transaction_id: str, form: Form, key: str) -> Response:
    transaction = read(customer_id, transaction_id)
    can = possible(f"transactions/{transaction_id}")[action]
    offer = transaction["offer"]["name"]
    if can["defaults"] and "full_access" not in form.values:
        usual = {"full_access": "end_access", "full_renewals": "stop_renewals"}
        chosen = {name: "end" if can["defaults"][which] else "keep" for name, which in usual.items()}
        form = replace(form, values={**form.values, **chosen})
    return fragment(
        name if can["allowed"] or form.message else "billing/refused.html",
        customer_id=customer_id,
        transaction=transaction,
        can=can,
        form=form,
        key=key,
        reasons=REFUND_REASONS,
        units=UNITS,
        plain=lambda money: plain(money, reader().locale),
        told=lambda consequence: told(consequence, reader(), offer),
        today=clock.now().astimezone(reader().zone).date().isoformat(),
    )


def _typed(*names: str) -> dict[str, str]:
    """What the form says; longer than the API takes, so that it says so."""
    require_write()
    return {name: request.form.get(name, "").strip()[:2_000] for name in names}
