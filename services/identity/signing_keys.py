"""The keys that tokens are signed with: when each begins and ends, and how they rest in the database.

Time alone decides which key signs: the one with the latest ``active_from`` that has passed. The next one exists a
whole period before that, so that every service has read it from the JWKS address long before it sees it used.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import OKPKey
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from servicekit.auth.tokens import ALGORITHM
from services.identity.models import SigningKey

# How long a key stays published after the next one took over: its last tokens expire within minutes, and web
# processes that read the keys now and then may sign with it a little longer.
RETENTION = timedelta(hours=1)
_LOCK = 7420101
_NONCE_BYTES = 12


class UnreadableSigningKey(Exception):
    """The database's signing keys were encrypted with another IDENTITY_SECRET."""

    def __init__(self, kid: str) -> None:
        super().__init__(
            f"IDENTITY_SECRET doesn't decrypt the signing key {kid}. Set the secret it was made with; if that is lost, "
            "delete the rows of the table signing_key, and new ones are made."
        )


@dataclass(frozen=True, slots=True)
class RotationPlan:
    """When the keys to be made begin, and which keys can go."""

    begin: Sequence[datetime]
    drop: Sequence[str]


def plan_rotation(keys: Iterable[tuple[str, datetime]], *, now: datetime, period: timedelta) -> RotationPlan:
    """What to change so that there are a present and a next key. ``keys`` are (kid, active_from)."""
    ordered = sorted(keys, key=lambda key: key[1])
    begin = [] if ordered else [now]
    if not ordered or ordered[-1][1] <= now:
        begin.append(now + period)
    drop = [kid for (kid, _), (_, followed_at) in pairwise(ordered) if followed_at + RETENTION <= now]
    return RotationPlan(begin, drop)


def rotate_keys(session: Session, *, secret: str, now: datetime, period: timedelta) -> None:
    """Make the keys that are due and drop those whose tokens have long expired. Any number of processes may."""
    if not _is_due(session, now, period):
        return
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    plan = _plan(session, now, period)  # again: another process may have done it meanwhile
    for active_from in plan.begin:
        kid = f"{now:%Y%m%d}-{secrets.token_hex(6)}"
        key = OKPKey.generate_key("Ed25519", parameters={"kid": kid, "use": "sig", "alg": ALGORITHM})
        session.add(SigningKey(kid=kid, private_sealed=seal(key, secret), created_at=now, active_from=active_from))
    session.execute(delete(SigningKey).where(SigningKey.kid.in_(plan.drop)))
    session.flush()


def _is_due(session: Session, now: datetime, period: timedelta) -> bool:
    plan = _plan(session, now, period)
    return bool(plan.begin or plan.drop)


def _plan(session: Session, now: datetime, period: timedelta) -> RotationPlan:
    rows = session.execute(select(SigningKey.kid, SigningKey.active_from)).tuples().all()
    return plan_rotation(rows, now=now, period=period)


def seal(key: OKPKey, secret: str) -> str:
    """The private key encrypted (AES-256-GCM) with a key derived from ``secret``, bound to its ``kid``."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = _cipher(secret).encrypt(nonce, key.as_pem(private=True), str(key.kid).encode())
    return base64.b64encode(nonce + sealed).decode()


def unseal(kid: str, sealed: str, secret: str) -> OKPKey:
    """The key that ``seal`` encrypted. Raises UnreadableSigningKey."""
    raw = base64.b64decode(sealed)
    try:
        pem = _cipher(secret).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], kid.encode())
    except InvalidTag:
        raise UnreadableSigningKey(kid) from None
    return OKPKey.import_key(pem, parameters={"kid": kid, "use": "sig", "alg": ALGORITHM})


def _cipher(secret: str) -> AESGCM:
    derived = HKDF(hashes.SHA256(), length=32, salt=None, info=b"identity signing keys").derive(secret.encode())
    return AESGCM(derived)
