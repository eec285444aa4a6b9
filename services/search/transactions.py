"""What a transaction is found by, and its document: one each, so that a customer with many costs nothing extra.

A transaction says whose it is; what is found in the end is the customer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.search import text
from services.search.documents import TELLING_NOTHING as TELLING_NOTHING_OF_CUSTOMERS
from services.search.documents import Attribute, Found, State
from services.search.folding import storable
from services.search.text import Kind, Tokens

PREFIX = "txn_"
"""What IDs of transactions begin with, and no customer's."""


def _field(name: str, tokens: Callable[[str], Tokens]) -> Callable[[State], Iterable[Found]]:
    def values(state: State) -> Iterable[Found]:
        value = state.get(name)
        return (Found(value, tokens),) if isinstance(value, str) and value else ()

    return values


TRANSACTION_ATTRIBUTES = (
    Attribute(1, "transaction_id", _field("id", text.key_tokens), personal=False),
    Attribute(2, "external_order_id", _field("external_order_id", text.identifier_tokens)),
    Attribute(3, "provider_reference", _field("provider_reference", text.identifier_tokens)),
)
"""The numbers are those of transactions: see ``documents.Attribute``."""
BY_TRANSACTION_ATTRIBUTE = {attribute.name: attribute for attribute in TRANSACTION_ATTRIBUTES}
BY_TRANSACTION_NUMBER = {attribute.number: attribute for attribute in TRANSACTION_ATTRIBUTES}
TELLING_NOTHING = TELLING_NOTHING_OF_CUSTOMERS | {each.name for each in TRANSACTION_ATTRIBUTES if not each.personal}
"""The attributes, of customers and their transactions, that everybody who may search can ask by, and sees."""


def is_transaction(identifier: str) -> bool:
    """Whether an ID of ours is a transaction's, and not a customer's."""
    return identifier.startswith(PREFIX)


@dataclass(frozen=True, slots=True)
class TransactionDocument:
    """A transaction as the engines keep it, at one version; ``stored`` is what it is found by, as people see it.

    A ``deleted`` one is a tombstone.
    """

    publisher_id: str
    id: str
    customer_id: str
    doc_version: int
    deleted: bool = False
    stored: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keys(self) -> Mapping[str, str]:
        """Nothing: transactions aren't sorted."""
        return {}

    def tokens(self) -> dict[str, Tokens]:
        """The tokens of each attribute that has any."""
        if self.deleted:
            return {}
        return tokens_of({**self.stored, "id": self.id})


def tokens_of(state: State) -> dict[str, Tokens]:
    """What a transaction of this state is found by, for each attribute that has a value."""
    found = ((each.name, text.merged(one.tokens for one in each.values(state))) for each in TRANSACTION_ATTRIBUTES)
    return {name: tokens for name, tokens in found if tokens}


def identifiers_of(state: State) -> set[str]:
    """What a transaction is found by as by a whole ID, normalized."""
    whole = (Kind.KEY, Kind.WHOLE)
    return {token for tokens in tokens_of(state).values() for token, kind in tokens.items() if kind in whole}


def transaction_document(
    publisher_id: str, transaction_id: str, customer_id: str, state: State, *, doc_version: int
) -> TransactionDocument:
    """The document of a transaction, with what can't be stored (NUL, lone surrogates) replaced."""
    stored = {name: storable(value) for name, value in state.items()}
    return TransactionDocument(publisher_id, transaction_id, customer_id, doc_version, stored=stored)
