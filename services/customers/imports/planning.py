"""What becomes of each row: decided one after the other, as if each was carried out before the next is looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from servicekit.clock import rfc3339
from servicekit.ids import new_id
from servicekit.imports.keeping import ERASED, Rejection, identity_hash
from servicekit.imports.kinds import Tally
from servicekit.imports.rows import Fault
from servicekit.imports.tables import ImportJob
from services.customers import history
from services.customers.errors import CustomerAnonymized, EmailTaken
from services.customers.imports.rows import Row
from services.customers.imports.standing import Earlier, Standing, World
from services.customers.models import email_key
from services.customers.views import ADDRESS_PARTS

IMPORT_SOURCE = "import"
"""The source of the external ID that a row gets which has neither one of its own nor an email address."""

_ERASED_MEANWHILE = "The customer with this email address or external ID was anonymized after the file was sent."


@dataclass(frozen=True, slots=True)
class Change:
    """A customer as a row makes it. ``fields`` go into the history; ``login`` is one that wasn't known."""

    customer: Standing
    row_number: int
    fields: list[dict[str, Any]]
    claims: list[tuple[str, str]]
    login: datetime | None = None
    email_changed: bool = False
    login_id: str = ""

    def __post_init__(self) -> None:
        """An ID for the login, if there is one."""
        if self.login is not None:
            object.__setattr__(self, "login_id", new_id("lgn"))


@dataclass(slots=True)
class Plan:
    """What a batch comes to."""

    created: list[Change] = field(default_factory=list)
    updated: list[Change] = field(default_factory=list)
    unchanged: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    identities: list[tuple[bytes, int]] = field(default_factory=list)
    remembered: list[tuple[int, str, bytes]] = field(default_factory=list)
    """Row, customer and hash of the email address, of rows without an external ID."""

    @property
    def tally(self) -> Tally:
        """How many rows came to what."""
        return Tally(len(self.created), len(self.updated), self.unchanged, len(self.rejected))


def email_hash(publisher_id: str, key: str) -> bytes:
    """An email address as it is kept with the row that had it."""
    return hashlib.blake2b(key.encode(), digest_size=16, key=publisher_id.encode()).digest()


class Planner:
    """Decides about the rows of one batch."""

    def __init__(self, job: ImportJob, world: World, *, now: datetime) -> None:
        self._job = job
        self._world = world
        self._now = now
        self.plan = Plan()

    def decide(self, rows: Iterable[Row]) -> Plan:
        """What becomes of ``rows``, in their order."""
        for row in rows:
            identities = [(field, identity_hash(self._job.id, text)) for field, text in row.identities()]
            if any(self._world.seen.get(identity) == ERASED for _, identity in identities):
                self.plan.rejected.append(Rejection(row.number, [Fault("", _ERASED_MEANWHILE)], secret=True))
                continue
            if not row.faults:
                self._decide(row, identities)
            if row.faults:
                self.plan.rejected.append(Rejection(row.number, row.faults))
        return self.plan

    def _decide(self, row: Row, identities: list[tuple[str, bytes]]) -> None:
        for name, identity in identities:
            if identity in self._world.seen:
                row.blame(name, f"The same as in row {self._world.seen[identity]} of this file.")
        known = None if row.faults else self._known(row)
        if row.faults:
            return
        customer = self._create(row) if known is None else self._update(row, known)
        if customer is None:
            return
        for _, identity in identities:
            self._world.seen[identity] = row.number
            self.plan.identities.append((identity, row.number))
        self._remember(row, customer)

    def _known(self, row: Row) -> Standing | None:
        """The customer that the row is about, if there is one: by external ID, else by email address, else by the
        row's number in an earlier import of the same name. Says what is wrong in ``row.faults``."""
        world = self._world
        holders = {world.by_external_id[pair] for pair in row.pairs if pair in world.by_external_id}
        if len(holders) > 1:
            row.blame(row.field_of(row.external_ids[0]["source"]), "The row's external IDs are different customers'.")
        if holders:
            return world.customers[holders.pop()]
        owner = world.by_email.get(row.email_key or "")
        if owner is not None:
            customer = world.customers[owner]
            if {source for source, _ in row.pairs} & {entry["source"] for entry in customer.external_ids}:
                row.blame("email", "Already another customer's, who has another external ID.")
            return customer
        earlier = world.earlier.get(row.number)
        if earlier is not None and not row.external_ids and self._is_the_same(row, earlier):
            return world.customers.get(earlier.customer_id)
        return None

    def _is_the_same(self, row: Row, earlier: Earlier) -> bool:
        """Whether the row is still about the one that it was about: rows may have been put in before it since."""
        if row.email_key is not None and email_hash(self._job.publisher_id, row.email_key) == earlier.email_hash:
            return True
        customer = self._world.customers.get(earlier.customer_id)
        names = [row.values.get("first_name"), row.values.get("last_name")]
        return customer is not None and all(names) and names == [customer.first_name, customer.last_name]

    def _create(self, row: Row) -> Standing:
        content = _merged(_NOTHING, row)
        customer = Standing(
            id=new_id("cus"),
            publisher_id=self._job.publisher_id,
            email_key=row.email_key,
            status="active",
            registered_at=row.moments.get("registered_at", self._now),
            last_login_at=row.moments.get("last_login_at"),
            anonymized_at=None,
            revision=1,
            version=1,
            **content,
        )
        found = history.differences({}, content)
        self.plan.created.append(Change(customer, row.number, found, row.pairs, customer.last_login_at))
        self._world.put(customer)
        return customer

    def _update(self, row: Row, customer: Standing) -> Standing | None:
        """The customer as the row makes it; None if the row can't be taken, which ``row.faults`` then tell."""
        if customer.status == "anonymized":
            row.blame("", str(CustomerAnonymized()))
        held = {entry["source"]: entry["id"] for entry in customer.external_ids}
        claims = [pair for pair in row.pairs if pair not in set(_pairs(customer))]
        for source, _ in claims:
            if source in held:
                row.blame(row.field_of(source), "The customer has another external ID of the same source.")
        if row.email_key is not None and self._world.by_email.get(row.email_key, customer.id) != customer.id:
            row.blame("email", EmailTaken().errors[0].message)
        if row.faults:
            return None
        before = {name: getattr(customer, name) for name in history.FIELDS}
        after = _merged(before, row)
        found = history.differences(before, after)
        began = row.moments.get("registered_at", customer.registered_at)
        if began != customer.registered_at:
            old, new = rfc3339(customer.registered_at), rfc3339(began)
            found.append({"field": "registered_at", "old": old, "new": new})
        login = row.moments.get("last_login_at")
        if login is not None and customer.last_login_at is not None and login <= customer.last_login_at:
            login = None
        if not found and login is None:
            self.plan.unchanged += 1
            return customer
        changed = replace(
            customer,
            **after,
            email_key=email_key(after["email"]),
            registered_at=began,
            last_login_at=login or customer.last_login_at,
            revision=customer.revision + bool(found),
            version=customer.version + 1,
        )
        moved = changed.email_key != customer.email_key
        self.plan.updated.append(Change(changed, row.number, found, claims, login, email_changed=moved))
        self._world.put(changed, former_email=customer.email_key if moved else None)
        return changed

    def _remember(self, row: Row, customer: Standing) -> None:
        if row.external_ids or row.email_key is None:
            return
        hashed = email_hash(self._job.publisher_id, row.email_key)
        if self._world.earlier.get(row.number) != Earlier(customer.id, hashed):
            self.plan.remembered.append((row.number, customer.id, hashed))


def name_rows(rows: Iterable[Row], name: str) -> None:
    """Give each row that says nothing by which its customer could be known an external ID: the import and the row."""
    for row in rows:
        if row.faults or row.email_key is not None or row.external_ids:
            continue
        if row.values or row.address or row.attributes:
            row.external_ids.append({"source": IMPORT_SOURCE, "id": f"{name}#{row.number}"})
        else:
            row.blame("", "No column that becomes something has a value.")


_NOTHING: dict[str, Any] = {**dict.fromkeys(history.FIELDS), "external_ids": [], "attributes": {}}


def _merged(before: dict[str, Any], row: Row) -> dict[str, Any]:
    """What the row says, over what was there."""
    after = {**before, **row.values}
    if row.address:
        parts = {**(before["address"] or {}), **row.address}
        after["address"] = {part: parts.get(part) for part in ADDRESS_PARTS}
    if row.attributes:
        merged = {**before["attributes"], **row.attributes}
        after["attributes"] = {name: value for name, value in merged.items() if value is not None}
    held = {(entry["source"], entry["id"]) for entry in before["external_ids"]}
    after["external_ids"] = before["external_ids"] + [e for e in row.external_ids if (e["source"], e["id"]) not in held]
    if after["country"] is None and after["address"] is not None:
        after["country"] = after["address"]["country"]
    return after


def _pairs(customer: Standing) -> list[tuple[str, str]]:
    return [(entry["source"], entry["id"]) for entry in customer.external_ids]
