"""The service's addresses: parse, call one action or query, present. A file for each noun."""

from services.identity.api import api_keys, me, publisher, sessions, staff, tokens
from services.identity.api.blueprint import blueprint

__all__ = ["api_keys", "blueprint", "me", "publisher", "sessions", "staff", "tokens"]
