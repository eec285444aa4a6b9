"""Writers: create, edit, log in and anonymize customers over HTTP, and remember exactly what was acknowledged.

Each writer owns its customers, so that it knows their state; logins go to customers of others too. A request without an
answer is sent again: with the same Idempotency-Key, or, where there is none (PATCH), after having looked.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.process.client import Answer, Client
from tests.process.product import Product, Publisher

CANARY = "cnry[0-9a-f]{16}"
"""What every personal value of a customer contains: of an anonymized one it must be nowhere."""

_MOST_EDITED = 12
_RETRY_SECONDS = (0.02, 0.5)


class Unexpected(AssertionError):
    """An answer that should not have been, whatever was killed."""


class GaveUp(AssertionError):
    """A request got no answer for longer than anything should take to come back."""


@dataclass
class Known:
    """A customer as acknowledged: ``edits`` are the last names it was given, in their order."""

    customer_id: str
    canary: str
    email: str
    last_name: str
    edits: list[str] = field(default_factory=list)
    logins: list[datetime] = field(default_factory=list)
    anonymized: bool = False

    @property
    def revision(self) -> int:
        """The ETag's number."""
        return 1 + len(self.edits) + self.anonymized

    @property
    def version(self) -> int:
        """Counts logins too."""
        return self.revision + len(self.logins)


class Writer(threading.Thread):
    """One program that writes until told to stop, and finishes what it began."""

    def __init__(self, product: Product, publisher: Publisher, number: int, seed: int, patience: float) -> None:
        super().__init__(name=f"writer-{number}", daemon=True)
        self.customers: list[Known] = []
        self.logins: list[tuple[str, datetime]] = []
        """Logins of customers of others: ID and moment."""
        self.statuses: Counter[int] = Counter()
        """How often each status came back; 0 is a broken connection."""
        self.failure: BaseException | None = None
        self.slowest = 0.0
        """Seconds until the slowest write was acknowledged, all its tries together."""
        self.last_acknowledged = time.monotonic()
        self._client = Client(product.url, publisher.api_key)
        self._draw = random.Random(f"{seed}/writer/{number}")
        self._number = number
        self._patience = patience
        self._halt = threading.Event()
        self._others: Sequence[Writer] = ()

    def begin(self, writers: Sequence[Writer]) -> None:
        """Start, knowing the others."""
        self._others = [writer for writer in writers if writer is not self]
        self.start()

    def halt(self) -> None:
        """Begin nothing new."""
        self._halt.set()

    def run(self) -> None:
        """Write."""
        try:
            while not self._halt.is_set():
                self._write_something()
        except BaseException as error:  # the run looks at it and fails
            self.failure = error
        finally:
            self._client.close()

    @property
    def acknowledged(self) -> int:
        """How many writes were acknowledged so far."""
        return sum(customer.version for customer in self.customers) + len(self.logins)

    def _write_something(self) -> None:
        mine = [customer for customer in self.customers[-40:] if not customer.anonymized]
        choice = self._draw.random()
        if choice < 0.45 or not mine:
            self._create()
        elif choice < 0.75:
            self._edit(self._draw.choice(mine))
        elif choice < 0.85:
            self._log_in(self._draw.choice(mine))
        elif choice < 0.92:
            self._log_in_another()
        else:
            self._anonymize(self._draw.choice(mine))

    def _create(self) -> None:
        canary = f"cnry{self._draw.getrandbits(64):016x}"
        body: dict[str, Any] = {
            "email": f"{canary}@example.com",
            "first_name": "Ana",
            "last_name": f"{canary} 0",
            "phone": "+49 30 1234567",
            "address": {"line1": f"{canary} street 1", "city": "Köln", "postal_code": "50667", "country": "DE"},
            "external_ids": [{"source": "shop", "id": canary}],
            "attributes": {"nickname": canary},
        }
        answer = self._until_answered("POST", "/v1/customers", body, expected=201)
        self.customers.append(Known(answer.body["id"], canary, body["email"], body["last_name"]))

    def _edit(self, customer: Known) -> None:
        if len(customer.edits) >= _MOST_EDITED:
            self._anonymize(customer)
            return
        name = f"{customer.canary} {len(customer.edits) + 1}"
        began = time.monotonic()
        while not self._try_edit(customer, name):
            self._check_patience(began + self._patience, "PATCH")
        customer.last_name = name
        customer.edits.append(name)
        self._note_time(began)

    def _try_edit(self, customer: Known, name: str) -> bool:
        """Whether it is done, now or by a try before whose answer got lost."""
        path = f"/v1/customers/{customer.customer_id}"
        answer = self._send("PATCH", path, {"last_name": name}, {"If-Match": f'"{customer.revision}"'})
        if answer.status == 200:
            return True
        if not answer.is_none and answer.status != 412:
            raise Unexpected(f"PATCH answered {answer.status}: {answer.body}")
        present = self._until_answered("GET", path, None, expected=200).body["last_name"]
        if present not in (name, customer.last_name):
            raise Unexpected(f"{customer.customer_id} has a name that nobody gave it")
        return bool(present == name)

    def _log_in(self, customer: Known) -> None:
        moment = self._moment()
        self._record_login(customer.customer_id, moment, expected=201)
        customer.logins.append(moment)

    def _log_in_another(self) -> None:
        other = self._draw.choice(self._others) if self._others else None
        if other is None or not other.customers:
            return
        customer, moment = self._draw.choice(other.customers[-5:]), self._moment()
        answer = self._record_login(customer.customer_id, moment, expected=201, other=409)
        if answer.status == 201:
            self.logins.append((customer.customer_id, moment))

    def _record_login(self, customer_id: str, moment: datetime, *, expected: int, other: int = 0) -> Answer:
        body = {"at": moment.isoformat().replace("+00:00", "Z")}
        return self._until_answered("POST", f"/v1/customers/{customer_id}/logins", body, expected=expected, other=other)

    def _anonymize(self, customer: Known) -> None:
        self._until_answered("POST", f"/v1/customers/{customer.customer_id}/anonymize", {}, expected=202)
        customer.anonymized = True

    def _moment(self) -> datetime:
        """A moment that no other login has."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=self._draw.getrandbits(44))

    def _until_answered(self, method: str, path: str, body: Any, *, expected: int, other: int = 0) -> Answer:
        """Send, and again with the same Idempotency-Key until there is an answer. Raises Unexpected, GaveUp."""
        headers = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        began = time.monotonic()
        deadline, pause = began + self._patience, _RETRY_SECONDS[0]
        while True:
            answer = self._send(method, path, body, headers)
            if answer.status == 409 and answer.body["code"] == "answer_erased":
                # Logged in by the try before, and then its owner anonymized the customer.
                return Answer(expected, answer.headers, None)
            if answer.status == expected or (other and answer.status == other):
                self._note_time(began)
                return answer
            if not answer.is_none:
                raise Unexpected(f"{method} answered {answer.status}: {answer.body}")
            self._check_patience(deadline, f"{method} ({answer.status})")
            time.sleep(pause)  # as a well-behaved program does between tries
            pause = min(2 * pause, _RETRY_SECONDS[1])

    def _send(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        answer = self._client.send(method, path, body, headers=headers)
        self.statuses[answer.status] += 1
        if answer.status == 503 and "Retry-After" not in answer.headers:
            raise Unexpected(f"a 503 that doesn't say when to come back: {answer.body}")
        return answer

    def _check_patience(self, deadline: float, what: str) -> None:
        if time.monotonic() > deadline:
            raise GaveUp(f"{what}: no answer for {self._patience:.0f} s")

    def _note_time(self, began: float) -> None:
        self.last_acknowledged = time.monotonic()
        self.slowest = max(self.slowest, self.last_acknowledged - began)


class Load:
    """Several writers of one publisher."""

    def __init__(self, product: Product, publisher: Publisher, *, seed: int, writers: int = 4, patience: float = 90.0):
        self.publisher = publisher
        self.writers = [Writer(product, publisher, number, seed, patience) for number in range(writers)]

    def start(self) -> None:
        """Begin to write."""
        for writer in self.writers:
            writer.begin(self.writers)

    def check(self) -> None:
        """Raise what a writer failed by, if one did."""
        for writer in self.writers:
            if writer.failure is not None:
                raise writer.failure

    def finish(self) -> None:
        """End; every write that was begun is acknowledged then. Raises what a writer failed by."""
        for writer in self.writers:
            writer.halt()
        for writer in self.writers:
            writer.join(180.0)
            if writer.is_alive():
                raise GaveUp(f"{writer.name} does not finish what it began")
        self.check()

    @property
    def acknowledged(self) -> int:
        """How many writes were acknowledged so far."""
        return sum(writer.acknowledged for writer in self.writers)

    @property
    def statuses(self) -> Counter[int]:
        """How often each status came back; 0 is a broken connection."""
        return sum((writer.statuses for writer in self.writers), Counter())

    @property
    def slowest(self) -> float:
        """Seconds that the slowest write took until it was acknowledged."""
        return max(writer.slowest for writer in self.writers)

    def known(self) -> dict[str, Known]:
        """Every customer as acknowledged; for when all have finished."""
        customers = {
            customer.customer_id: replace(customer, logins=list(customer.logins))
            for writer in self.writers
            for customer in writer.customers
        }
        for writer in self.writers:
            for customer_id, moment in writer.logins:
                customers[customer_id].logins.append(moment)
        return customers
