"""Passwords, and the long random secrets of API keys and sessions."""

from __future__ import annotations

import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

API_KEY_PREFIX = "ak_live_"
SESSION_PREFIX = "ses_"

# OWASP's recommendation for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

# The hash of a password nobody knows: looking up an unknown email address costs the same work as a known one.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$FOaR9QNZ6FreMVKV8yLNSg$qdWUcULCT5cIBi6zXD4veBlWWjdCdqOj7cUuk4c2G/s"


def hash_password(password: str) -> str:
    """The password's argon2id hash, with its parameters and salt."""
    return _hasher.hash(password)


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether ``password`` is the one hashed; None (no such person) takes as long and never matches."""
    try:
        _hasher.verify(password_hash or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def new_secret(prefix: str) -> str:
    """A new secret of 256 random bits after ``prefix``."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a secret. SHA-256 suffices: 256 random bits can't be guessed, unlike a password."""
    return hashlib.sha256(secret.encode()).hexdigest()
