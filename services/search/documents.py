"""What is searchable of a customer: one table of attributes, and the document made by it from the public state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from services.search import text
from services.search.folding import storable
from services.search.regions import other_names
from services.search.text import Tokens

State = Mapping[str, Any]
"""A customer's public state, as its events and the API show it; unknown and missing fields are fine."""


@dataclass(frozen=True, slots=True)
class Found:
    """One value of an attribute, as people see it, and the tokens it is found by."""

    value: str
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that a customer can be found by.

    ``number`` stands for it in PostgreSQL: never changed, never given to another. ``fuzzy``: typos are forgiven.
    ``personal``: says who somebody is (hidden from roles without personal data).
    """

    number: int
    name: str
    values: Callable[[State], Iterable[Found]]
    fuzzy: bool = False
    personal: bool = True


def _field(name: str, tokens: Callable[[str], Tokens]) -> Callable[[State], Iterable[Found]]:
    def values(state: State) -> Iterable[Found]:
        return _found(state.get(name), tokens)

    return values


def _address(name: str, tokens: Callable[[str], Tokens]) -> Callable[[State], Iterable[Found]]:
    def values(state: State) -> Iterable[Found]:
        return _found(_address_of(state).get(name), tokens)

    return values


def _found(value: object, tokens: Callable[[str], Tokens]) -> Iterable[Found]:
    if isinstance(value, str) and value:
        yield Found(value, tokens(value))


def _address_of(state: State) -> Mapping[str, Any]:
    return state.get("address") or {}


def _full_name(state: State) -> Iterable[Found]:
    first, last = state.get("first_name") or "", state.get("last_name") or ""
    if tokens := text.unspaced_name_tokens(first, last):
        yield Found(last + first, tokens)


def _state(state: State) -> Iterable[Found]:
    address = _address_of(state)
    value = address.get("state")
    country = address.get("country") or state.get("country") or ""
    if value:
        yield Found(value, _state_tokens(value, country))


@lru_cache(maxsize=1024)
def _state_tokens(state: str, country: str) -> Tokens:
    """Kept for some: there are few, and each has several spellings. Not to be changed by whoever gets them."""
    return text.merged(text.word_tokens(spelling) for spelling in (state, *other_names(state, country)))


def _external_ids(state: State) -> Iterable[Found]:
    for external in state.get("external_ids") or ():
        yield from _found(external.get("id"), text.identifier_tokens)


ATTRIBUTES = (
    Attribute(1, "id", _field("id", text.key_tokens), personal=False),
    Attribute(2, "external_id", _external_ids),
    Attribute(3, "email", _field("email", text.email_tokens)),
    Attribute(4, "first_name", _field("first_name", text.word_tokens), fuzzy=True),
    Attribute(5, "last_name", _field("last_name", text.word_tokens), fuzzy=True),
    Attribute(6, "name", _full_name),
    Attribute(7, "city", _address("city", text.word_tokens), fuzzy=True),
    Attribute(8, "state", _state),
    Attribute(9, "postal_code", _address("postal_code", text.code_tokens)),
)
BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}
BY_NUMBER = {attribute.number: attribute for attribute in ATTRIBUTES}


@dataclass(frozen=True, slots=True)
class CustomerDocument:
    """A customer as the engines keep it, at one version.

    ``doc_version`` only grows; a ``deleted`` one is a tombstone: no values, nothing stored, but it keeps older writes
    out. ``values`` are what it is found by, for each attribute; ``stored`` what is shown (JSON).
    """

    publisher_id: str
    customer_id: str
    doc_version: int
    deleted: bool = False
    values: Mapping[str, tuple[Found, ...]] = field(default_factory=dict)
    stored: Mapping[str, Any] = field(default_factory=dict)

    def tokens(self) -> dict[str, Tokens]:
        """The tokens of each attribute that has any."""
        return {name: _all_tokens(values) for name, values in self.values.items()}


def _all_tokens(values: tuple[Found, ...]) -> Tokens:
    return values[0].tokens if len(values) == 1 else text.merged(found.tokens for found in values)


def customer_document(state: State, *, doc_version: int) -> CustomerDocument:
    """The document of a customer's public state, which must have ``publisher_id`` and ``id``.

    The whole state is stored, with what can't be stored (NUL, lone surrogates) replaced.
    """
    clean: dict[str, Any] = _storable(state)
    return CustomerDocument(
        publisher_id=clean["publisher_id"],
        customer_id=clean["id"],
        doc_version=doc_version,
        values=searchable_values(clean),
        stored=clean,
    )


def searchable_values(state: State) -> dict[str, tuple[Found, ...]]:
    """What a customer of this public state is found by, for each attribute that has any tokens."""
    values = {attribute.name: tuple(attribute.values(state)) for attribute in ATTRIBUTES}
    return {name: found for name, found in values.items() if any(value.tokens for value in found)}


def tombstone(publisher_id: str, customer_id: str, *, doc_version: int) -> CustomerDocument:
    """The document of a customer who must not be found any more."""
    return CustomerDocument(publisher_id, customer_id, doc_version, deleted=True)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if value is None:
        return None
    if isinstance(value, dict | Mapping):
        return {storable(str(key)): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value
