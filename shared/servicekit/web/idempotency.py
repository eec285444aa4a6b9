"""``Idempotency-Key``: the same request sent again gets the first one's answer, and nothing happens twice.

After the draft of the IETF's HTTPAPI group (draft-ietf-httpapi-idempotency-key-header). The key is claimed in the
request's own transaction: a request that fails leaves nothing, and a second one at the same time waits for the first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import orjson
from flask import Response, g, make_response, request
from sqlalchemy import Row, select, text, update
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.db.tables import idempotency_key as table
from servicekit.errors import BadRequest, Conflict, Invalid
from servicekit.kept_answers import forget_answers
from servicekit.screening import screen
from servicekit.web.context import current_caller, current_publisher_id, current_session, kit

View = TypeVar("View", bound=Callable[..., Any])
_FORM = re.compile(r"[\x21-\x7e]{1,255}\Z")
# Text, because SQLAlchemy compiles an insert with ON CONFLICT anew each time, which costs more than all the rest here.
_CLAIM = text(
    """
    INSERT INTO idempotency_key (publisher_id, actor_id, key, fingerprint, created_at)
    VALUES (:publisher_id, :actor_id, :key, :fingerprint, :created_at)
    ON CONFLICT DO NOTHING RETURNING key
    """
)
_KEPT_HEADERS = ("ETag", "Location", "Version-Token", "Content-Type")


class IdempotencyKeyReused(Invalid):
    """The key belongs to another request."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for a different request. Use a new key for a new request.")


class AnswerErased(Conflict):
    """The request was carried out, and the person it was about has been erased since."""

    code = "answer_erased"

    def __init__(self) -> None:
        super().__init__("This request was carried out; its answer is gone, as the person it was about was erased.")


def idempotent(view: View) -> View:
    """Honor ``Idempotency-Key`` on this route. Sits directly under ``@requires``."""

    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(*args, **kwargs)
        if not _FORM.match(key):
            raise BadRequest("Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.")
        session, mine = current_session(), _row_of(key)
        fingerprint = _fingerprint()
        claim = {**mine, "fingerprint": fingerprint, "created_at": clock.now()}
        while session.execute(_CLAIM, claim).first() is None:
            kept = session.execute(select(table).where(_is(mine))).one_or_none()
            # None: it was pruned in between, and the key is free again.
            if kept is not None:
                return _replay(kept, fingerprint)
        response = make_response(view(*args, **kwargs))
        _keep(session, mine, response)
        g.kept_row = mine
        return response

    return once  # type: ignore[return-value]


def keep_instead(document: object) -> None:
    """Keep ``document`` for repeated requests in place of the answer, which holds a secret that is shown only once."""
    g.kept_body = orjson.dumps(document).decode()


def keep_anew(response: Response) -> None:
    """Keep ``response`` for repeated requests in place of the answer of the transaction that has just committed.

    If the person that it speaks of was erased since, only that the request was carried out is kept.
    """
    mine = g.pop("kept_row", None)
    if mine is None:
        return
    with kit().database.transaction(mine["publisher_id"]) as session:
        person = g.get("datasubject")
        if person is not None and screen(session, mine["publisher_id"], [person]).is_erased(person):
            forget_answers(session, publisher_id=mine["publisher_id"], datasubject=person)
        else:
            _keep(session, mine, response)


def _row_of(key: str) -> dict[str, str]:
    return {"publisher_id": current_publisher_id(), "actor_id": current_caller().actor_id, "key": key}


def _fingerprint() -> str:
    parts = (request.method.encode(), request.full_path.encode(), request.get_data(cache=True))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _is(mine: dict[str, str]) -> Any:
    return (
        (table.c.publisher_id == mine["publisher_id"])
        & (table.c.actor_id == mine["actor_id"])
        & (table.c.key == mine["key"])
    )


def _replay(kept: Row[Any], fingerprint: str) -> Response:
    if kept.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    if kept.body is None:
        raise AnswerErased
    response = Response(kept.body, kept.status, kept.headers)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _keep(session: Session, mine: dict[str, str], response: Response) -> None:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    session.execute(
        update(table)
        .where(_is(mine))
        .values(
            status=response.status_code,
            headers=headers,
            body=g.kept_body if "kept_body" in g else response.get_data(as_text=True),
            datasubject=g.get("datasubject"),
        )
    )
