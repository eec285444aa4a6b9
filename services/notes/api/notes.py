"""Notes and a customer's flags: parse, call one action or query, present."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, request

from servicekit import clock
from servicekit.etag import etag
from servicekit.web.access import requires
from servicekit.web.auditing import audit_subject, audited
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import about, current_caller, current_publisher_id, current_session, kit
from servicekit.web.describing import IDEMPOTENCY_KEY, IF_MATCH, VERSION_TOKEN, WITH_ETAG
from servicekit.web.etag import if_match
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from services.notes import actions, known, queries
from services.notes.errors import CustomerNotFound
from services.notes.schemas import AddNote, EditNote, ListNotes
from services.notes.views import NotePage, NoteView, SummaryState, shown_note, summary_state

_IF_MATCH_IF_ANY: dict[str, Any] = {
    **IF_MATCH,
    "required": False,
    "description": "The ETag that was read: then nothing is deleted that somebody has changed meanwhile.",
}
blueprint = ServiceBlueprint(
    "notes", __name__, url_prefix="/v1/notes", description="What staff know about customers: notes and flags."
)


@contextmanager
def _saying_why(customer_id: str) -> Iterator[None]:
    """Tells one who isn't here yet from one who isn't there."""
    try:
        yield
    except CustomerNotFound:
        everywhere = kit().system_database
        if everywhere is None:
            raise
        with everywhere.transaction() as session:
            reason = known.why_unknown(session, customer_id, now=clock.now())
        raise reason from None


@blueprint.get("")
@requires("notes:read")
@audited("notes.note.listed")
@blueprint.arguments(ListNotes, location="query")
@blueprint.response(200, NotePage)
@blueprint.doc(operationId="list_notes")
def get_notes(parameters: dict[str, Any]) -> Response:
    """List a customer's notes, newest first."""
    about(parameters["customer_id"])
    with _saying_why(parameters["customer_id"]):
        page = queries.list_notes(
            current_session(), publisher_id=current_publisher_id(), reader=current_caller(), **_paging(parameters)
        )
    return json_response(page)


@blueprint.post("")
@requires("notes:write")
@audited("notes.note.added")
@idempotent
@blueprint.arguments(AddNote)
@blueprint.response(201, NoteView, headers={**WITH_ETAG, **VERSION_TOKEN})
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="add_note")
def post_note(body: dict[str, Any]) -> Response:
    """Write a note about a customer, who may have been created a moment ago: 503 then says to send it again shortly."""
    with _saying_why(body["customer_id"]):
        note = actions.add_note(
            current_session(),
            publisher_id=current_publisher_id(),
            customer_id=body["customer_id"],
            text=body["text"],
            flags=body["flags"],
            author=current_caller(),
            now=clock.now(),
        )
    return _shown(note, status=201)


@blueprint.get("/<note_id>")
@requires("notes:read")
@audited("notes.note.read", subject="note_id")
@blueprint.response(200, NoteView, headers=WITH_ETAG)
@blueprint.doc(operationId="get_note")
def get_note(note_id: str) -> Response:
    """Read a note."""
    note = queries.get_note(current_session(), current_publisher_id(), note_id)
    return json_response(shown_note(note, current_caller()), 200, {"ETag": etag(note.version)})


@blueprint.patch("/<note_id>")
@requires("notes:write")
@audited("notes.note.edited", subject="note_id")
@blueprint.arguments(EditNote)
@blueprint.response(200, NoteView, headers={**WITH_ETAG, **VERSION_TOKEN})
@blueprint.doc(parameters=[IF_MATCH], operationId="edit_note")
def patch_note(body: dict[str, Any], note_id: str) -> Response:
    """Edit a note: its author and the account owner may. What is absent stays."""
    note = actions.edit_note(
        current_session(),
        publisher_id=current_publisher_id(),
        note_id=note_id,
        text=body.get("text"),
        flags=body.get("flags"),
        expected_version=if_match(),
        editor=current_caller(),
        now=clock.now(),
    )
    return _shown(note)


@blueprint.delete("/<note_id>")
@requires("notes:write")
@audited("notes.note.deleted", subject="note_id")
@blueprint.response(204, headers=VERSION_TOKEN)
@blueprint.doc(parameters=[_IF_MATCH_IF_ANY], operationId="delete_note")
def delete_note(note_id: str) -> Response:
    """Delete a note: its author and the account owner may."""
    session = current_session()
    note = actions.delete_note(
        session,
        publisher_id=current_publisher_id(),
        note_id=note_id,
        expected_version=if_match() if "If-Match" in request.headers else None,
        editor=current_caller(),
        now=clock.now(),
    )
    return Response(status=204, headers=_version_token(queries.locked_customer(session, note)))


@blueprint.get("/customers/<customer_id>")
@requires("notes:read")
@audited("notes.summary.read", subject="customer_id")
@blueprint.response(200, SummaryState)
@blueprint.doc(operationId="get_notes_summary")
def get_summary(customer_id: str) -> Response:
    """Read how many notes a customer has, and which flags."""
    with _saying_why(customer_id):
        customer = queries.get_customer(current_session(), current_publisher_id(), customer_id)
    return json_response(summary_state(customer))


@blueprint.put("/customers/<customer_id>/flags/<key>")
@requires("notes:write")
@audited("notes.customer.flagged", subject="customer_id")
@blueprint.response(200, SummaryState, headers=VERSION_TOKEN)
@blueprint.doc(operationId="flag_customer")
def put_flag(customer_id: str, key: str) -> Response:
    """Put a flag on a customer. One that is there already changes nothing."""
    with _saying_why(customer_id):
        customer = actions.flag_customer(
            current_session(),
            publisher_id=current_publisher_id(),
            customer_id=customer_id,
            key=key,
            now=clock.now(),
        )
    return json_response(summary_state(customer), 200, _version_token(customer))


@blueprint.delete("/customers/<customer_id>/flags/<key>")
@requires("notes:write")
@audited("notes.customer.unflagged", subject="customer_id")
@blueprint.response(200, SummaryState, headers=VERSION_TOKEN)
@blueprint.doc(operationId="unflag_customer")
def delete_flag(customer_id: str, key: str) -> Response:
    """Take a flag off a customer. One that isn't there changes nothing; those on notes stay."""
    with _saying_why(customer_id):
        customer = actions.unflag_customer(
            current_session(),
            publisher_id=current_publisher_id(),
            customer_id=customer_id,
            key=key,
            now=clock.now(),
        )
    return json_response(summary_state(customer), 200, _version_token(customer))


def _paging(parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "customer_id": parameters["customer_id"],
        "cursor": parameters.get("cursor"),
        "limit": parameters["limit"],
    }


def _shown(note: Any, status: int = 200) -> Response:
    about(note.customer_id)
    audit_subject(note.id)
    headers = {"ETag": etag(note.version)}
    headers |= _version_token(queries.locked_customer(current_session(), note))
    if status == 201:
        headers["Location"] = f"/v1/notes/{note.id}"
    return json_response(shown_note(note, current_caller()), status, headers)


def _version_token(customer: Any) -> dict[str, str]:
    return {"Version-Token": f"{customer.customer_id}.notes.{customer.summary_version}"}
