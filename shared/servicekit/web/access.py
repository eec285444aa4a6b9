"""Every route says who may call it: ``@requires(scope)``, ``@signed_in()`` or ``@public()``.

It also owns the request's transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import Any, TypeVar, cast

import structlog
from flask import g, request

from servicekit.auth.caller import Caller
from servicekit.errors import Forbidden, Unauthorized
from servicekit.faults import reach
from servicekit.web.afterwards import finished
from servicekit.web.auditing import record_answer, record_refusal
from servicekit.web.context import READING, kit

View = TypeVar("View", bound=Callable[..., Any])
SIGNED_IN = "signed_in"


def requires(scope: str, *, as_system: bool = False) -> Callable[[View], View]:
    """Let in only callers whose token has ``scope``, and run the route in one transaction.

    The transaction is the publisher's own; with ``as_system`` it sees every publisher, for our own services.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            caller = g.caller = _caller()
            g.as_system = as_system
            try:
                if scope not in caller.scopes:
                    raise Forbidden(f"This needs the scope {scope}, which your credential doesn't have.")
                return _in_transaction(view, args, kwargs)
            except Forbidden:
                record_refusal(view, kwargs)
                raise

        return cast("View", _marked(guarded, scope))

    return decorate


def signed_in() -> Callable[[View], View]:
    """Let in everybody of a publisher, whatever their scopes: only for what tells nothing but about the caller."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            caller = _caller()
            if caller.publisher_id is None:
                raise Forbidden("This is for those who belong to a publisher, not for our own services.")
            g.caller, g.as_system = caller, False
            return _in_transaction(view, args, kwargs)

        return cast("View", _marked(guarded, SIGNED_IN))

    return decorate


def public(*, as_system: bool = False) -> Callable[[View], View]:
    """Let anyone in: for what must work before a credential is at hand."""

    def decorate(view: View) -> View:
        @wraps(view)
        def opened(*args: Any, **kwargs: Any) -> Any:
            g.as_system = as_system
            return _in_transaction(view, args, kwargs)

        return cast("View", _marked(opened, "public"))

    return decorate


def scope_of(view: Callable[..., Any]) -> str | None:
    """The scope a view was declared with, ``signed_in``, ``public``, or None for one that was forgotten."""
    return cast("str | None", getattr(view, "required_scope", None))


def bearer_token() -> str:
    """The token of the ``Authorization`` header (RFC 6750). Raises Unauthorized."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Unauthorized(
            "Send the header Authorization: Bearer, followed by an API key or a token.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return token.strip()


def _caller() -> Caller:
    caller = kit().verifier.verify(bearer_token())
    structlog.contextvars.bind_contextvars(actor_id=caller.actor_id, publisher_id=caller.publisher_id)
    return caller


def _in_transaction(view: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    with ExitStack() as transaction:
        g.transaction = transaction
        answer = view(*args, **kwargs)
        record_answer(view, kwargs, answer)
        writing = "session" in g and request.method not in READING
        if writing:
            reach("web:written")
    if writing:
        reach("web:committed")
    return finished(answer)


def _marked(view: Callable[..., Any], scope: str) -> Any:
    view.required_scope = scope  # type: ignore[attr-defined]
    return view
