"""Customers who bought something, for tests."""

from __future__ import annotations

from typing import Any

from servicekit.ids import new_id
from services.search.tests.service.system import System, publisher, told, transaction

ORDER = "GPA.3345-1234-5678-90123"
REFERENCE = "pi_3PqR8t2eZvKYlo2C"


class Shop:
    """Ada bought twice, by Google with a renewal and on the web; Bob once; Cy never."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.mine = publisher()
        self.ada, self.bob, self.cy = sorted(new_id("cus") for _ in range(3))
        self.first, self.renewal, self.web, self.bobs = sorted(new_id("txn") for _ in range(4))
        system.tell(
            told(self.mine, self.ada, first_name="Ada", last_name="Lovelace", country="GB"),
            told(self.mine, self.bob, first_name="Bob", last_name="Ross", country="US"),
            told(self.mine, self.cy, first_name="Cy", phone="+1 213 555 7004", country="US"),
        )
        system.tell(
            transaction(self.mine, self.first, self.ada, external_order_id=ORDER),
            transaction(self.mine, self.renewal, self.ada, external_order_id=f"{ORDER}..0"),
            transaction(self.mine, self.web, self.ada, provider_reference=REFERENCE, external_order_id="W-77"),
            transaction(self.mine, self.bobs, self.bob, external_order_id="ORDER-1001"),
        )
        system.index()

    def found(self, q: str, **parameters: Any) -> list[str]:
        names = {self.ada: "ada", self.bob: "bob", self.cy: "cy"}
        return [names[each] for each in self.system.found(self.mine, q, **parameters)]

    def answer(self, q: str, **parameters: Any) -> Any:
        return self.system.get(self.mine, q=q, **parameters)
