"""Asking identity who of a publisher's staff has an email address: for notes that files say somebody wrote."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import httpx2

from servicekit.errors import Unavailable

_PATH = "/internal/staff"


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody who works, or worked, for the publisher."""

    staff_id: str
    name: str


class StaffDesk(Protocol):
    """Where it is known who the staff are."""

    def find(self, publisher_id: str, emails: Collection[str]) -> Mapping[str, StaffMember]:
        """The publisher's staff, disabled ones too, by their (case-folded) address; who is none is left out.

        Raises Unavailable if nobody can be asked.
        """


class HttpStaffDesk:
    """Identity, asked by ``client``, whose base address is identity's and which presents our token."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def find(self, publisher_id: str, emails: Collection[str]) -> Mapping[str, StaffMember]:
        """As the protocol says."""
        body = {"publisher_id": publisher_id, "emails": sorted(emails)}
        try:
            answer = self._client.post(_PATH, json=body)
            answer.raise_for_status()
            return {str(each["email"]): StaffMember(each["id"], each["name"]) for each in answer.json()["items"]}
        except (httpx2.HTTPError, ValueError, KeyError, TypeError):
            raise Unavailable("Identity can't be asked right now who the staff are.") from None


class NoStaff:
    """For processes that take files but don't work on them."""

    def find(self, publisher_id: str, emails: Collection[str]) -> Mapping[str, StaffMember]:
        """Nobody."""
        return {}
