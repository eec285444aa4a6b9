"""The address of a publisher's billing settings."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.context import current_publisher_id, current_session
from servicekit.web.describing import IF_MATCH, WITH_ETAG
from servicekit.web.etag import if_match
from services.billing.actions.settings import edit_settings
from services.billing.api.common import blueprint_of, shown
from services.billing.queries.settings import billing_settings
from services.billing.schemas.settings import EditSettings
from services.billing.views.settings import SettingsView, settings_state

blueprint = blueprint_of("settings", "How a publisher bills.")


@blueprint.get("")
@requires("billing:read")
@blueprint.response(200, SettingsView, headers=WITH_ETAG)
@blueprint.doc(operationId="get_billing_settings")
def get_settings() -> Response:
    """Read the publisher's billing settings."""
    return shown(settings_state(billing_settings(current_session(), current_publisher_id())))


@blueprint.patch("")
@requires("billing:manage")
@audited("billing.settings.edited")
@blueprint.arguments(EditSettings)
@blueprint.response(200, SettingsView, headers=WITH_ETAG)
@blueprint.doc(parameters=[IF_MATCH], operationId="edit_billing_settings")
def patch_settings(body: dict[str, Any]) -> Response:
    """Edit the publisher's billing settings."""
    row = edit_settings(current_session(), publisher_id=current_publisher_id(), data=body, expected_version=if_match())
    return shown(settings_state(row))
