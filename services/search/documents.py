"""What is searchable of a customer: one table of attributes, and the document made by it from the public state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from services.search import places, text
from services.search.columns import keys_of, lifetime_currency
from services.search.folding import storable_within
from services.search.regions import other_names
from services.search.text import Tokens

State = Mapping[str, Any]
"""A customer's public state, as its events and the API show it; unknown and missing fields are fine."""


class Found:
    """One value of an attribute, as people see it, and the tokens it is found by.

    ``may_begin``, given a squeezed form, is false only where no token begins with it; without it, that is where the
    form doesn't stand in the value.
    """

    __slots__ = ("_make", "_may_begin", "_squeezed", "_tokens", "value")

    def __init__(
        self, value: str, make: Callable[[str], Tokens], may_begin: Callable[[str], bool] | None = None
    ) -> None:
        self.value = value
        self._make = make
        self._may_begin = may_begin
        self._tokens: Tokens | None = None
        self._squeezed: tuple[str, ...] | None = None

    @property
    def tokens(self) -> Tokens:
        """Made when first asked for: most values that a search looks at have nothing to do with it."""
        if self._tokens is None:
            self._tokens = self._make(self.value)
        return self._tokens

    def may_have(self, squeezed: str) -> bool:
        """False only where no token begins with what, squeezed, is ``squeezed``."""
        if self._may_begin is not None:
            return self._may_begin(squeezed)
        if self._squeezed is None:
            self._squeezed = text.squeezed_spellings(self.value)
        return any(squeezed in spelling for spelling in self._squeezed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Found) and (self.value, self.tokens) == (other.value, other.tokens)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Found({self.value!r}, {self.tokens!r})"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that a customer can be found by.

    ``number`` stands for it in PostgreSQL: never changed, never given to another. ``fuzzy``: typos are forgiven.
    ``scoped``: found only where it is named (``language:de``). ``personal``: says who somebody is (hidden from those
    who don't see personal data).
    """

    number: int
    name: str
    values: Callable[[State], Iterable[Found]]
    fuzzy: bool = False
    scoped: bool = False
    personal: bool = True


def _field(
    name: str, tokens: Callable[[str], Tokens], may_begin: Callable[[str], bool] | None = None
) -> Callable[[State], Iterable[Found]]:
    def values(state: State) -> Iterable[Found]:
        return _found(state.get(name), tokens, may_begin)

    return values


def _address(name: str, tokens: Callable[[str], Tokens]) -> Callable[[State], Iterable[Found]]:
    def values(state: State) -> Iterable[Found]:
        return _found(_address_of(state).get(name), tokens)

    return values


def _city(state: State) -> Iterable[Found]:
    city = _address_of(state).get("city")
    return _found(city, places.city_tokens, city and partial(places.may_begin_in_city, city))


def _found(
    value: object, tokens: Callable[[str], Tokens], may_begin: Callable[[str], bool] | None = None
) -> tuple[Found, ...]:
    return (Found(value, tokens, may_begin),) if isinstance(value, str) and value else ()


def _address_of(state: State) -> Mapping[str, Any]:
    return state.get("address") or {}


def _full_name(state: State) -> Iterable[Found]:
    first, last = state.get("first_name") or "", state.get("last_name") or ""
    if first and last:
        # Chinese, Japanese and Korean names are read with the last name first, and without a space.
        shown = f"{first} {last}" if text.is_spaced(first + last) else last + first
        yield Found(shown, lambda _shown: text.full_name_tokens(first, last), partial(_may_begin_name, first, last))


def _may_begin_name(first: str, last: str, begun: str) -> bool:
    return any(begun in each for name in (first + last, last + first) for each in text.squeezed_spellings(name))


def _state(state: State) -> Iterable[Found]:
    address = _address_of(state)
    value = address.get("state")
    country = address.get("country") or state.get("country") or ""
    if isinstance(value, str) and value:
        yield Found(value, lambda spelling: _state_tokens(spelling, country), _always)


def _always(_begun: str) -> bool:
    return True


def _street(state: State) -> Iterable[Found]:
    address = _address_of(state)
    for line in (address.get("line1"), address.get("line2")):
        yield from _found(line, places.street_tokens, line and partial(places.may_begin_in_street, line))


@lru_cache(maxsize=1024)
def _state_tokens(state: str, country: str) -> Tokens:
    """Kept for some: there are few, and each has several spellings. Not to be changed by whoever gets them."""
    return text.merged(text.word_tokens(spelling) for spelling in (state, *other_names(state, country)))


def _external_ids(state: State) -> Iterable[Found]:
    for external in state.get("external_ids") or ():
        yield from _found(external.get("id"), text.identifier_tokens)


def _phone(state: State) -> Iterable[Found]:
    codes = tuple(code.upper() for code in _countries(state))
    return _found(state.get("phone"), lambda number: text.phone_tokens(number, codes), str.isdigit)


def _countries(state: State) -> list[str]:
    """The customer's, and the address's where that is another one."""
    codes = (state.get("country"), _address_of(state).get("country"))
    return [code for code in dict.fromkeys(codes) if isinstance(code, str) and code]


def _country(state: State) -> Iterable[Found]:
    for code in _countries(state):
        yield from _found(code, text.exact_tokens)


def _language(state: State) -> Iterable[Found]:
    """``pt-BR`` is found by ``pt``, too."""
    return _found(state.get("language"), _language_tokens)


def _language_tokens(tag: str) -> Tokens:
    return text.merged((text.exact_tokens(tag), text.exact_tokens(tag.partition("-")[0])))


def _payment_method(state: State) -> Iterable[Found]:
    """Its kind and its brand, each in one word, too: ``sepa_debit``, ``American Express``."""
    method = state.get("last_payment_method") or {}
    for name in ("kind", "brand"):
        yield from _found(method.get(name), lambda value: text.merged(map(text.exact_tokens, (value, _joined(value)))))


def _joined(value: str) -> str:
    return "".join(text.squeezed_spellings(value)[:1])


def _scoped(number: int, name: str) -> Attribute:
    """A field with one of a few values, found where it is named."""
    return Attribute(number, name, _field(name, text.exact_tokens), scoped=True, personal=False)


def _lifetime_currency(state: State) -> Iterable[Found]:
    return _found(lifetime_currency(state), text.exact_tokens)


def _flags(state: State) -> Iterable[Found]:
    """Each by its key, whose words may be typed in one or apart: ``at_risk``, ``"at risk"``."""
    for key in state.get("flags") or ():
        yield from _found(key, lambda value: text.merged(map(text.exact_tokens, (value, _joined(value)))))


ATTRIBUTES = (
    Attribute(1, "id", _field("id", text.key_tokens), personal=False),
    Attribute(2, "external_id", _external_ids),
    Attribute(3, "email", _field("email", text.email_tokens)),
    Attribute(4, "first_name", _field("first_name", text.word_tokens), fuzzy=True),
    Attribute(5, "last_name", _field("last_name", text.word_tokens), fuzzy=True),
    Attribute(6, "name", _full_name),
    Attribute(7, "city", _city, fuzzy=True),
    Attribute(8, "state", _state, fuzzy=True),
    Attribute(9, "postal_code", _address("postal_code", text.code_tokens)),
    Attribute(10, "street", _street, fuzzy=True),
    Attribute(11, "company", _field("company", text.word_tokens), fuzzy=True),
    Attribute(12, "phone", _phone),
    Attribute(13, "birthdate", _field("birthdate", text.exact_tokens)),
    Attribute(14, "country", _country, personal=False),
    Attribute(15, "currency", _field("currency", text.exact_tokens), personal=False),
    Attribute(16, "language", _language, scoped=True, personal=False),
    Attribute(17, "status", _field("status", text.exact_tokens), scoped=True, personal=False),
    # Billing's: up to 39.
    _scoped(18, "subscription_status"),
    Attribute(19, "last_payment_method", _payment_method, scoped=True, personal=False),
    Attribute(20, "lifetime_currency", _lifetime_currency, scoped=True, personal=False),
    _scoped(21, "first_channel"),
    _scoped(22, "last_channel"),
    # Notes': up to 49.
    Attribute(40, "flags", _flags, scoped=True, personal=False),
)
TELLING_NOTHING = frozenset(attribute.name for attribute in ATTRIBUTES if not attribute.personal)
"""The attributes that everybody who may search can ask by, and sees."""
BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}
BY_NUMBER = {attribute.number: attribute for attribute in ATTRIBUTES}


@dataclass(frozen=True, slots=True)
class CustomerDocument:
    """A customer as the engines keep it, at one version.

    ``doc_version`` only grows; a ``deleted`` one is a tombstone: no values, nothing stored, but it keeps older writes
    out. ``values`` are what it is found by, for each attribute; ``keys`` what it is sorted by, for each column;
    ``stored`` what is shown (JSON).
    """

    publisher_id: str
    customer_id: str
    doc_version: int
    deleted: bool = False
    values: Mapping[str, tuple[Found, ...]] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The customer's."""
        return self.customer_id

    def tokens(self) -> dict[str, Tokens]:
        """The tokens of each attribute that has any."""
        found = ((name, _all_tokens(values)) for name, values in self.values.items())
        return {name: tokens for name, tokens in found if tokens}


def _all_tokens(values: tuple[Found, ...]) -> Tokens:
    return values[0].tokens if len(values) == 1 else text.merged(found.tokens for found in values)


def customer_document(state: State, *, doc_version: int) -> CustomerDocument:
    """The document of a customer's public state, which must have ``publisher_id`` and ``id``.

    The whole state is stored, with what can't be stored (NUL, lone surrogates) replaced.
    """
    clean: dict[str, Any] = storable_within(state)
    return CustomerDocument(
        publisher_id=clean["publisher_id"],
        customer_id=clean["id"],
        doc_version=doc_version,
        values=searchable_values(clean),
        keys=keys_of(clean),
        stored=clean,
    )


def searchable_values(state: State) -> dict[str, tuple[Found, ...]]:
    """What a customer of this public state is found by, for each attribute that has a value."""
    values = ((attribute.name, tuple(attribute.values(state))) for attribute in ATTRIBUTES)
    return {name: found for name, found in values if found}


def tombstone(publisher_id: str, customer_id: str, *, doc_version: int) -> CustomerDocument:
    """The document of a customer who must not be found any more."""
    return CustomerDocument(publisher_id, customer_id, doc_version, deleted=True)
