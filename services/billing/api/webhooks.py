"""Where payment providers and stores tell what happened there."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from servicekit import clock
from servicekit.errors import BadRequest, NotFound, Unavailable
from servicekit.web.access import public
from servicekit.web.auditing import not_audited
from servicekit.web.context import kit
from services.billing.api.common import blueprint_of, registry
from services.billing.notified.taking import take_notifications
from services.billing.providers.port import (
    NotificationUnreadable,
    ProviderError,
    SignatureInvalid,
)
from services.billing.providers.registry import AccountNotFound
from services.billing.schemas.webhooks import AccountNamed

blueprint = blueprint_of("webhooks", "Notifications by payment providers and stores.")


@blueprint.post("/<provider>")
@public()
@not_audited("nobody of the publisher's does it: what it changes is published as events")
@blueprint.arguments(AccountNamed, location="query")
@blueprint.response(204)
@blueprint.doc(operationId="receive_notification")
def post_notification(parameters: dict[str, Any], provider: str) -> Response:
    """Take in a notification that the provider has signed. The same one again changes nothing.

    A signature that doesn't hold, or a body that is no notification, gets 400; what can't be told apart yet, or needs a
    provider that is down, 503: the provider then sends it again.
    """
    try:
        account = registry().account(provider, parameters.get("account"))
    except AccountNotFound as missing:
        raise NotFound("No such account of a payment provider is set up here.") from missing
    # Before a transaction is begun: an adapter may have to ask the provider.
    told = _read(account.publisher_id, provider)
    with kit().database.transaction(account.publisher_id) as session:
        take_notifications(
            session, publisher_id=account.publisher_id, provider=provider, notifications=told, now=clock.now()
        )
    return Response(status=204)


def _read(publisher_id: str, provider: str) -> Any:
    try:
        return registry().of(publisher_id, provider).read_notification(dict(request.headers), request.get_data())
    except SignatureInvalid as invalid:
        raise SignatureRefused(str(invalid)) from invalid
    except NotificationUnreadable as unreadable:
        raise BadRequest(str(unreadable)) from unreadable
    except ProviderError as error:
        raise Unavailable("This can't be checked right now. Send it again later.", retry_after=60) from error


class SignatureRefused(BadRequest):
    """Not signed by the provider, or not for us, or too long ago."""

    code = "signature_invalid"
