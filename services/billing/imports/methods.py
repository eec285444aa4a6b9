"""Payment details that imported subscriptions are charged by: the provider's tokens, put on file once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.ids import new_id
from servicekit.imports.tables import ImportJob
from services.billing.actions.payment_methods import owners_of_tokens
from services.billing.imports.rows import Row
from services.billing.models.payment_methods import PaymentMethod
from services.billing.views.payment_methods import payment_method_state


class MethodBook:
    """The payment details of a batch's customers by provider and token. ``made`` are new, and not in the database."""

    def __init__(
        self, session: Session, job: ImportJob, customers: Collection[str], rows: Sequence[Row], *, now: datetime
    ) -> None:
        self._publisher_id = job.publisher_id
        self._now = now
        self._on_file: dict[tuple[str, str, str], str] = {}
        self._with_default: set[str] = set()
        self._owners: dict[tuple[str, str], str] = {}
        self.made: list[PaymentMethod] = []
        if not any("payment_method" in row.values for row in rows):
            return
        mine = select(PaymentMethod).where(
            PaymentMethod.publisher_id == job.publisher_id,
            PaymentMethod.customer_id.in_(customers),
            PaymentMethod.status == "active",
        )
        self._owners = _owners(session, job.publisher_id, rows)
        for method in session.scalars(mine):
            self._on_file[method.customer_id, method.provider, method.provider_reference or ""] = method.id
            if method.is_default:
                self._with_default.add(method.customer_id)

    def find(self, row: Row, customer_id: str) -> str | None:
        """The ID of the row's payment details, put on file if they aren't; None if the row names none.

        Another customer's are blamed on the row.
        """
        token = row.values.get("payment_method")
        if token is None:
            return None
        key = (customer_id, row.values["provider"], token)
        if self._owners.setdefault(key[1:], customer_id) != customer_id:
            row.blame("payment_method", "Another customer has these payment details on file.")
            return None
        if key not in self._on_file:
            expires = row.values.get("card_expiry", (None, None))
            method = PaymentMethod(
                id=new_id("pm"),
                publisher_id=self._publisher_id,
                customer_id=customer_id,
                provider=row.values["provider"],
                provider_reference=token,
                kind="card" if "card_last4" in row.values else "other",
                brand=row.values.get("card_brand"),
                last4=row.values.get("card_last4"),
                expiry_year=expires[0],
                expiry_month=expires[1],
                is_default=customer_id not in self._with_default,
                status="active",
                created_at=self._now,
                version=1,
            )
            self._with_default.add(customer_id)
            self._on_file[key] = method.id
            self.made.append(method)
        return self._on_file[key]

    def state(self, method: PaymentMethod) -> dict[str, Any]:
        """As it is told of."""
        return payment_method_state(method, now=self._now)


def _owners(session: Session, publisher_id: str, rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """The customers for whom the rows' payment details are on file, by provider and token."""
    tokens: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if "payment_method" in row.values and "provider" in row.values:
            tokens[row.values["provider"]].add(row.values["payment_method"])
    return {
        (provider, token): owner
        for provider in sorted(tokens)
        for token, owner in owners_of_tokens(session, publisher_id, provider, tokens[provider]).items()
    }
