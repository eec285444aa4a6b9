"""A certificate authority of our own that stands in for Apple's: the App Store's signatures as documented.

A chain of three certificates, the two lower ones with Apple's marks in them, in the header ``x5c`` of each JWS.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BUNDLE = "com.example.news"
_LEAF = x509.ObjectIdentifier("1.2.840.113635.100.6.11.1")
_INTERMEDIATE = x509.ObjectIdentifier("1.2.840.113635.100.6.2.1")
_NULL = b"\x05\x00"


class Authority:
    """A root, an intermediate and a leaf certificate, and what the leaf signs."""

    def __init__(self, *, leaf_mark: x509.ObjectIdentifier = _LEAF, days: int = 3650) -> None:
        root_key, middle_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        root = _certificate("Root", root_key, "Root", root_key, ca=True, days=days)
        middle = _certificate("Middle", middle_key, "Root", root_key, ca=True, mark=_INTERMEDIATE, days=days)
        leaf = _certificate("Leaf", self.key, "Middle", middle_key, ca=False, mark=leaf_mark, days=days)
        self.root = root.public_bytes(serialization.Encoding.DER)
        self.chain = [
            base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode() for made in (leaf, middle, root)
        ]

    def sign(self, payload: Mapping[str, Any]) -> str:
        """A JWS as the App Store makes them."""
        return jwt.encode(dict(payload), self.key, algorithm="ES256", headers={"x5c": self.chain})

    def transaction(self, **changes: Any) -> str:
        """A signed transaction: a month of a subscription for 12.99 EUR."""
        return self.sign({**TRANSACTION, **changes})

    def renewal(self, **changes: Any) -> str:
        """Signed renewal information."""
        content = {
            "originalTransactionId": "2000000000000001",
            "autoRenewProductId": "monthly",
            "productId": "monthly",
            "autoRenewStatus": 1,
            "signedDate": now(),
            "environment": "Production",
        }
        return self.sign({**content, **changes})

    def notification(
        self,
        kind: str,
        subtype: str | None = None,
        *,
        transaction: str | None = None,
        renewal: str | None = None,
        **changes: Any,
    ) -> bytes:
        """The body of a notification."""
        data = {
            "appAppleId": 41234,
            "bundleId": BUNDLE,
            "environment": "Production",
            "signedTransactionInfo": transaction or self.transaction(),
            "signedRenewalInfo": renewal or self.renewal(),
        }
        content = {
            "notificationType": kind,
            "notificationUUID": str(uuid.uuid4()),
            "version": "2.0",
            "signedDate": now(),
            "data": data,
        }
        if subtype:
            content["subtype"] = subtype
        return json.dumps({"signedPayload": self.sign({**content, **changes})}).encode()


def now() -> int:
    """The time as Apple writes it."""
    return int(time.time() * 1000)


TRANSACTION: Mapping[str, Any] = {
    "transactionId": "2000000000000007",
    "originalTransactionId": "2000000000000001",
    "bundleId": BUNDLE,
    "productId": "monthly",
    "purchaseDate": 1772359200000,
    "originalPurchaseDate": 1769940000000,
    "expiresDate": 1775037600000,
    "quantity": 1,
    "type": "Auto-Renewable Subscription",
    "appAccountToken": "01890a5d-ac96-774b-bcce-b302099a8057",
    "inAppOwnershipType": "PURCHASED",
    "signedDate": now(),
    "environment": "Production",
    "transactionReason": "RENEWAL",
    "currency": "EUR",
    "price": 12990,
}


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
    days: int,
    mark: x509.ObjectIdentifier | None = None,
) -> x509.Certificate:
    moment = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=30))
        .not_valid_after(moment + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(_usage(ca=ca), critical=True)
    )
    if mark:
        builder = builder.add_extension(x509.UnrecognizedExtension(mark, _NULL), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
