"""A customer that nothing happens to, by which one sees how search is doing."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex

from tests.process.client import Answer, Client
from tests.process.product import Product, Publisher
from tests.process.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Landmark:
    """The customer, and who looks for it."""

    client: Client
    customer_id: str
    email: str
    last_name: str

    @classmethod
    def create(cls, product: Product, publisher: Publisher, *, seconds: float) -> Landmark:
        """A new one, which search finds when this returns. Raises TookTooLong."""
        client, word = Client(product.url, publisher.api_key), f"landmark{token_hex(4)}"
        made = client.send("POST", "/v1/customers", {"email": f"{word}@example.com", "last_name": word})
        assert made.status == 201, made
        landmark = cls(client, made.body["id"], made.body["email"], word)
        wait_until("search works", seconds, landmark.what_search_lacks)
        return landmark

    def what_search_lacks(self) -> str | None:
        """None when search finds it by its name, and says nothing of being degraded."""
        answer = self._search(self.last_name)
        if answer.status == 200 and [item["id"] for item in answer.body["items"]] == [self.customer_id]:
            return None if not answer.body.get("degraded") else "degraded"
        return f"{answer.status} {answer.body}"

    def what_is_not_degraded(self) -> str | None:
        """None when search says that its engine is away: IDs and emails are found, names come back later (S17)."""
        for q in (self.customer_id, self.email):
            answer = self._search(q)
            if answer.status != 200 or answer.body.get("degraded") is not True:
                return f"by a whole ID or email: {answer.status} {answer.body}"
            if [item["id"] for item in answer.body["items"]] != [self.customer_id]:
                return "not found by a whole ID or email"
        answer = self._search(self.last_name)
        if (answer.status, (answer.body or {}).get("code")) != (503, "search_engine_unavailable"):
            return f"by name: {answer.status} {answer.body}"
        return None if int(answer.headers.get("Retry-After", "0")) > 0 else "no Retry-After"

    def what_is_not_unavailable(self) -> str | None:
        """None when reading and writing are answered by a problem document with status 503 that says when to return."""
        path = f"/v1/customers/{self.customer_id}"
        for answer in (
            self.client.send("GET", path),
            self.client.send("POST", "/v1/customers", {"email": "a@b.example"}),
        ):
            if answer.status != 503 or answer.body["status"] != 503 or not answer.headers.get("Retry-After"):
                return f"{answer.status} {answer.body}"
        return None

    def close(self) -> None:
        """Close the connection."""
        self.client.close()

    def _search(self, q: str) -> Answer:
        return self.client.send("GET", "/v1/search/customers", q=q)
