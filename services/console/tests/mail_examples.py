"""Answers of the API about mails: settings, templates, versions, previews."""

from __future__ import annotations

from typing import Any

import httpx2

from services.console.mailing import KINDS

EDITOR: dict[str, Any] = {"id": "stf_06h5yvkg1scm7h3b8k5rqt2xz0", "name": "Grace <b>H</b>", "kind": "staff"}
SETTINGS_PATH = "/v1/notifications/settings"
TEMPLATES_PATH = "/v1/notifications/templates"
ONE = f"{TEMPLATES_PATH}/receipt/de"
GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
LOGO = f"data:image/gif;base64,{GIF}"
SETTINGS: dict[str, Any] = {
    "delivery": "accounts",
    "sender_name": None,
    "sender_address": None,
    "reply_to": "help@example.com",
    "support_email": None,
    "website_url": None,
    "postal_address": "Weg 1\n10115 Berlin",
    "color": "#1f5fa8",
    "logo": None,
    "language": "en",
    "time_zone": "Europe/Berlin",
    "renewal_notice_days": 7,
    "kinds": {kind: kind != "welcome" for kind in KINDS},
    "revision": 4,
    "edited_at": "2026-03-12T09:30:00.000000Z",
    "editor": EDITOR,
    "sender": {"name": "Operator", "address": "service@operator.example"},
    "sender_domains": ["example.com"],
}
PARTS = {"subject": "Ihre Quittung", "html": "\n<p>{{ greeting }}</p>\n", "text": "{{ greeting }}\n"}


def item(kind: str, language: str, **more: Any) -> dict[str, Any]:
    """A template in the list."""
    return {
        "kind": kind,
        "title": KINDS.get(kind, "New kind"),
        "language": language,
        "is_default": True,
        "enabled": True,
        "version": 1,
        "edited_at": None,
        "editor": None,
        **more,
    }


EDITED = item("receipt", "de", is_default=False, version=3, edited_at="2026-03-12T09:30:00.000000Z", editor=EDITOR)
TEMPLATE: dict[str, Any] = {
    **EDITED,
    **PARTS,
    "variables": ["greeting", "lines"],
    "names": [
        {"name": "greeting", "becomes": "Guten Tag <b>", "each": None},
        {"name": "lines", "becomes": None, "each": ["description", "amount"]},
        {"name": "buyer", "becomes": None, "each": []},
    ],
}
TEMPLATES: dict[str, Any] = {
    "items": [
        *(
            EDITED if (kind, language) == ("receipt", "de") else item(kind, language)
            for kind in KINDS
            for language in ("en", "de")
        ),
        item("future_kind", "en"),
    ],
    "next_cursor": None,
}  # fmt: skip
PREVIEW: dict[str, Any] = {
    "subject": "Ihre Quittung <b>",
    "html": "<!doctype html><p>Guten Tag</p>",
    "text": "Guten Tag <b>",
    "made_up": True,
}


def version(number: int, **more: Any) -> dict[str, Any]:
    """One version, as it is read by itself."""
    return {
        "version": number,
        "at": "2026-03-12T09:30:00.000000Z",
        "editor": EDITOR,
        "is_default": False,
        **PARTS,
        **more,
    }


def tagged(body: Any, number: int) -> httpx2.Response:
    """An answer with its ETag."""
    return httpx2.Response(200, json=body, headers={"ETag": f'"{number}"'})
