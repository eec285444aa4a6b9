"""Composition root of the web process."""

from __future__ import annotations

import httpx2
from flask import Flask

from servicekit.web import health, requests
from services.console import assets, protection
from services.console.clients import Gateway
from services.console.flags import KnownFlags
from services.console.settings import Settings
from services.console.signed_in import Members, open_to_all, require_session
from services.console.views import (
    account,
    anonymizing,
    api_keys,
    auth,
    billing_settings,
    customer,
    customers,
    editing,
    emails,
    failures,
    flag_settings,
    history,
    imports,
    invoices,
    mail_kinds,
    mail_sender,
    mail_templates,
    mail_versions,
    notes,
    offers,
    pages,
    payment_details,
    payments,
    preferences,
    publisher,
    refunds,
    sessions,
    staff,
    subscriptions,
    transactions,
)

SERVICE = "console"
# Of a form; files go to their own address by pieces.
MAX_BODY_BYTES = 1_000_000

# Whose blueprints make the console's addresses.
_ADDRESSES = (
    assets,
    auth,
    customers,
    customer,
    editing,
    emails,
    history,
    anonymizing,
    account,
    payments,
    payment_details,
    subscriptions,
    transactions,
    refunds,
    invoices,
    notes,
    preferences,
    imports,
    staff,
    api_keys,
    flag_settings,
    publisher,
    offers,
    billing_settings,
    mail_kinds,
    mail_sender,
    mail_templates,
    mail_versions,
    sessions,
)


def create_console(
    settings: Settings,
    *,
    transport: httpx2.BaseTransport | None = None,
    identity_transport: httpx2.BaseTransport | None = None,
) -> Flask:
    """The console's web app. ``transport`` leads to the gateway and ``identity_transport`` to identity where that is
    not by HTTP."""
    app = Flask(SERVICE, static_folder=None, root_path=str(assets.STATIC.parent))
    app.url_map.merge_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        PROPAGATE_EXCEPTIONS=False,
        CONSOLE_SECURE_COOKIES=settings.secure_cookies,
    )
    app.extensions["console_gateway"] = Gateway(
        settings.gateway_url, settings.identity_url, transport, identity_transport
    )
    app.extensions["console_members"] = Members()
    app.extensions["console_flags"] = KnownFlags()
    requests.register(app)
    health.register(app, [])
    for view in app.view_functions.values():  # of health: the network inside asks without a session
        open_to_all(view)
    failures.register(app)
    app.before_request(require_session)
    protection.register(app, secret=settings.secret, secure_cookies=settings.secure_cookies)
    app.before_request(auth.require_new_password)
    pages.register(app)
    for module in _ADDRESSES:
        app.register_blueprint(module.blueprint, url_prefix="/console")
    return app
