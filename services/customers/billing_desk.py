"""Asking billing to close a customer's account, which is for billing to decide: under its own lock."""

from __future__ import annotations

from typing import Protocol

import httpx2

from servicekit.errors import Unavailable
from services.customers.errors import BillingRefused

_PATH = "/internal/accounts/{}/close"


class BillingDesk(Protocol):
    """Where a customer's billing account is closed before the customer is anonymized."""

    def close_account(self, publisher_id: str, customer_id: str, *, end_access: bool) -> None:
        """Close it, with ``end_access`` together with what still runs; doing it again changes nothing.

        Raises BillingRefused if something still runs or is on its way, Unavailable if billing can't be asked.
        """


class HttpBillingDesk:
    """Billing, asked by ``client``, whose base address is billing's and which presents our token."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def close_account(self, publisher_id: str, customer_id: str, *, end_access: bool) -> None:
        """As the protocol says."""
        body = {"publisher_id": publisher_id, "end_access": end_access}
        try:
            answer = self._client.post(_PATH.format(customer_id), json=body)
            if answer.status_code == 409:
                problem = answer.json()
                raise BillingRefused(str(problem["code"]), str(problem["detail"]))
            answer.raise_for_status()
        except (httpx2.HTTPError, ValueError, KeyError):
            raise Unavailable(
                "Billing can't be asked right now whether the customer still has access. Nothing was changed."
            ) from None
