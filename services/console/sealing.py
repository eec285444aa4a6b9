"""Documents that go through the browser into a frame: sealed, so that only what the console made is shown there.

A mail that isn't kept anywhere has no address that a frame could load it from, and inside our own page it would have
our policy. So the browser gets it sealed, and sends it back by a form into the frame.
"""

from __future__ import annotations

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

SECONDS = 600
"""How long a sealed document can be shown: the browser sends it back at once."""


def sealed(document: str) -> str:
    """``document`` as text for a form."""
    return str(_sealer().dumps(document))


def unsealed(text: str) -> str | None:
    """The document; None for what the console didn't seal, or long ago."""
    try:
        return str(_sealer().loads(text, max_age=SECONDS))
    except BadData:
        return None


def _sealer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="mail-preview")
