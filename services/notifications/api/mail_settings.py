"""A publisher's mail settings."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit import clock
from servicekit.etag import etag
from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import current_caller, current_publisher_id, current_session
from servicekit.web.describing import IF_MATCH, WITH_ETAG
from servicekit.web.etag import if_match
from servicekit.web.json_body import json_response
from services.notifications.api.common import MANAGE, PREFIX, mail_defaults
from services.notifications.kinds import KINDS
from services.notifications.mail_settings import sender_of, settings_of
from services.notifications.models import Logo, MailSettings
from services.notifications.schemas import EditMailSettings, MailSettingsView
from services.notifications.settings_editing import edit_settings
from services.notifications.views import editor_of, logo_as_text, moment

blueprint = ServiceBlueprint(
    "mail_settings", __name__, url_prefix=f"{PREFIX}/settings", description="How mails look, and who delivers them."
)
_SHOWN = (
    "delivery", "sender_name", "sender_address", "reply_to", "support_email", "website_url", "postal_address", "color",
    "language", "time_zone", "renewal_notice_days", "revision",
)  # fmt: skip


@blueprint.get("")
@requires(MANAGE)
@blueprint.response(200, MailSettingsView, headers=WITH_ETAG)
@blueprint.doc(operationId="get_mail_settings")
def get_settings() -> Response:
    """Read the publisher's mail settings."""
    return _shown(settings_of(current_session(), current_publisher_id()))


@blueprint.patch("")
@requires(MANAGE)
@audited("notifications.settings.edited")
@blueprint.arguments(EditMailSettings)
@blueprint.response(200, MailSettingsView, headers=WITH_ETAG)
@blueprint.doc(parameters=[IF_MATCH], operationId="edit_mail_settings")
def patch_settings(body: dict[str, Any]) -> Response:
    """Edit the publisher's mail settings; mails written from now on go by them."""
    settings = edit_settings(
        current_session(),
        publisher_id=current_publisher_id(),
        data=body,
        expected_revision=if_match(),
        defaults=mail_defaults(),
        editor=current_caller(),
        now=clock.now(),
    )
    return _shown(settings)


def _shown(settings: MailSettings) -> Response:
    logo, defaults = None, mail_defaults()
    sender = sender_of(settings, defaults)
    if settings.logo_id is not None:
        logo = current_session().get(Logo, (settings.publisher_id, settings.logo_id))
    told = {
        **{name: getattr(settings, name) for name in _SHOWN},
        "logo": None if logo is None else logo_as_text(logo),
        "kinds": {kind: kind not in settings.kinds_off for kind in KINDS},
        "edited_at": moment(settings.edited_at),
        "editor": editor_of(settings),
        "sender": {"name": sender.name, "address": sender.address},
        "sender_domains": list(defaults.sender_domains),
    }
    return json_response(told, 200, {"ETag": etag(settings.revision)})
