"""Headers and parameters, for the API's description."""

from __future__ import annotations

from typing import Any

IDEMPOTENCY_KEY: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "Send the same key with a repeated request: nothing happens twice. The answer comes again, its "
    "secret doesn't.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}
