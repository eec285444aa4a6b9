"""Queries of those who don't see personal data: nothing in them may ask by it, or the hits would tell it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from servicekit.errors import PersonalDataHidden
from servicekit.ids import is_id
from services.search.columns import BY_COLUMN
from services.search.query import codes
from services.search.query.fields import FIELDS, NOT_TELLING, columns_of
from services.search.query.lexer import Term
from services.search.query.tree import Bought, Either, Every, Filled, Known, Node, Not, Range, Within, Word
from services.search.transactions import TELLING_NOTHING

INSTEAD = f"Ask by whole customer and transaction IDs, names of countries and currencies, or {', '.join(NOT_TELLING)}."
_OWN_OR_ANY = "user_id"


def without_personal(term: Term, *, where: str) -> Term:
    """``term`` as a condition on something that isn't personal: a bare word is a customer's ID, a country, a currency.

    Raises PersonalDataHidden where it can't be one. What is no field at all is left to who reads it.
    """
    texts = [value.text for value in term.values]
    field = FIELDS.get(term.field)
    if not term.field:
        if name := _named_by(texts[0]):
            return replace(term, field=name, operator=":")
    elif field is not None and field.name == _OWN_OR_ANY and all(map(_is_own_id, texts)):
        return replace(term, field="id")
    elif not _is_telling_condition(term):
        return term
    raise PersonalDataHidden(where, position=term.position, instead=INSTEAD)


def refuse_personal(nodes: Iterable[Node], *, where: str) -> None:
    """Raise PersonalDataHidden for whatever asks by something personal after all: no tree with it is ever searched."""
    if any(map(_is_telling, nodes)):
        raise PersonalDataHidden(where, position=0, instead=INSTEAD)


def _is_telling_condition(term: Term) -> bool:
    if field := FIELDS.get(term.field):
        return field.is_telling
    return term.field == "has" and any(_is_telling_column(value.text) for value in term.values)


def _named_by(text: str) -> str | None:
    if _is_own_id(text):
        return "id"
    if is_id(text.strip().lower(), "txn"):
        return "transaction"
    return "country" if codes.countries().find(text) else "currency" if codes.currencies().find(text) else None


def _is_own_id(text: str) -> bool:
    return is_id(text.strip().lower(), "cus")


def _is_telling_column(name: str) -> bool:
    return any(BY_COLUMN[column].personal for column in columns_of(name.lower()))


def _is_telling(node: Node) -> bool:
    match node:
        case Word():
            return not node.attributes or not TELLING_NOTHING.issuperset(node.attributes)
        case Bought(word):
            return not TELLING_NOTHING.issuperset(word.attributes)
        case Known():
            return True
        case Range() | Filled():
            return BY_COLUMN[node.column].personal
        case Not(inner) | Within(inner):
            return _is_telling(inner)
        case Every(nodes) | Either(nodes):
            return any(map(_is_telling, nodes))
