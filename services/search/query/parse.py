"""From what somebody typed to the tree.

anna berlin                     both words, anywhere; beginnings and typos count
"anna maria"                    these whole words next to each other
city:Berlin  name:"de la Cruz"  one field; city:Berlin,Hamburg one of several; city:"" empty
-country:DE  -berlin            not; also country!=DE, NOT berlin
anna OR hanna                   either; binds closer than the space between other words, which AND may stand for
registered>=2026-01-01  last_login<30d  birthdate:1980..1989
is:active  has:phone
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.search.query.conditions import condition
from services.search.query.errors import InvalidQuery, QueryTooLong
from services.search.query.fields import FIELDS, is_compared, nearest
from services.search.query.hiding import refuse_personal, without_personal
from services.search.query.lexer import Term, terms
from services.search.query.tree import Bought, Either, Every, Node, Not, Query, Within, Word
from services.search.query.words import alone, phrase, run

MAX_QUERY_LENGTH = 1_000
MAX_WORDS = 16
"""Words whose scores add up: what ranks hits holds for so many."""
MAX_TERMS = 40
_SHORTEST_FIELD = 3


def parse(typed: str, *, now: datetime, where: str = "q", personal: bool = True) -> Query:
    """The query of ``typed``; an empty one matches everybody. ``where`` names the parameter in errors.

    Words of punctuation only are ignored beside others; alone they match nobody. Unless ``personal``, nothing may be
    asked by personal data. Raises QueryTooLong, InvalidQuery, PersonalDataHidden.
    """
    if len(typed) > MAX_QUERY_LENGTH:
        raise QueryTooLong(f"Search for at most {MAX_QUERY_LENGTH} characters.", where)
    found = _joined(list(terms(typed, where=where, is_field=_is_field)), where)
    if len(found) > MAX_TERMS:
        raise QueryTooLong(f"Search for at most {MAX_TERMS} words and conditions.", where)
    if not personal:
        found = [term if _is_or(term) else without_personal(term, where=where) for term in found]
    nodes = _Reading(found, where, now).nodes()
    searchable = tuple(dict.fromkeys(node for node in nodes if not _is_punctuation(node)))
    if sum(map(_words_that_count, searchable)) > MAX_WORDS:
        raise QueryTooLong(f"Search for at most {MAX_WORDS} words.", where)
    if not personal:
        refuse_personal(searchable or nodes[:1], where=where)
    return Query(searchable or tuple(nodes[:1]))


def parse_filter(typed: str, *, now: datetime, personal: bool = True) -> Query:
    """As ``parse``, but conditions only, which narrow and don't rank: each term names its field.

    Raises QueryTooLong, InvalidQuery, PersonalDataHidden.
    """
    found = _joined(list(terms(typed[: MAX_QUERY_LENGTH + 1], where="filter", is_field=_is_field)), "filter")
    for place, term in enumerate(found):
        if not term.field and not (_is_or(term) and 0 < place < len(found) - 1 and found[place - 1].field):
            raise InvalidQuery(
                "A filter has conditions only.",
                where="filter",
                position=term.position,
                hint="Name the field, such as city:Berlin; free words belong into q.",
            )
    return Query(tuple(map(Within, parse(typed, now=now, where="filter", personal=personal).nodes)))


def _is_field(name: str, operator: str, rest: str, *, spaced: bool) -> bool:
    """Whether ``name`` begins a condition, perhaps with a mistake in it. What isn't a field, resembles none and stands
    in what people write anyway is text: ``No:12``, ``https://…``, ``Anna<anna@example.com>``."""
    if name.lower() in FIELDS or name.lower() in ("is", "has"):
        # With a space before, < may as well begin an address: email <anna@example.com>.
        return not spaced or operator not in ("<", ">") or is_compared(name.lower())
    if spaced or not rest or rest[0].isspace() or rest.startswith(("/", ":", "\\")):
        return False
    if nearest(name):
        return operator == ":" or rest[0].isdigit()
    return operator == ":" and len(name) >= _SHORTEST_FIELD and not rest[0].isdigit()


def _joined(found: Sequence[Term], where: str) -> list[Term]:
    """The terms without AND, which says no more than a space, and with NOT as their minus.

    AND counts between two terms, NOT before one; elsewhere they are words.
    """
    kept: list[Term] = []
    place = 0
    while place < len(found):
        term = found[place]
        following = found[place + 1] if place + 1 < len(found) else None
        if following and _is_word(term, "NOT") and not _is_joining(following):
            if following.values[0].text.startswith("(") and not following.values[0].quoted:
                hint = "Leave them out and write NOT before each word: NOT anna NOT hanna."
                raise InvalidQuery("There are no parentheses.", where=where, position=following.position, hint=hint)
            kept.append(replace(following, position=term.position, negated=not following.negated))
            place += 2
            continue
        is_and = _is_word(term, "AND") and kept and following and not _is_joining(kept[-1], following)
        kept += [] if is_and else [term]
        place += 1
    return kept


def _is_joining(*several: Term) -> bool:
    return any(_is_word(term, "AND") or _is_or(term) for term in several)


class _Reading:
    def __init__(self, found: Sequence[Term], where: str, now: datetime) -> None:
        self._terms = found
        self._where = where
        self._now = now

    def nodes(self) -> list[Node]:
        nodes: list[Node] = []
        words: list[str] = []
        position = 0
        while position < len(self._terms):
            chain = self._chain(position)
            if len(chain) == 1 and chain[0].is_plain:
                words.append(chain[0].values[0].text)
            else:
                nodes += run(words, self._now.date())
                words.clear()
                nodes.append(self._either(chain))
            position += 2 * len(chain) - 1
        return nodes + list(run(words, self._now.date()))

    def _chain(self, position: int) -> list[Term]:
        """The term there, and those that are joined to it by OR."""
        chain = [self._terms[position]]
        while position + 2 < len(self._terms) and _is_or(self._terms[position + 1]):
            position += 2
            chain.append(self._terms[position])
        return chain

    def _either(self, chain: Sequence[Term]) -> Node:
        nodes = tuple(map(self._node, chain))
        return nodes[0] if len(nodes) == 1 else Either(nodes)

    def _node(self, term: Term) -> Node:
        if term.field:
            return condition(term, where=self._where, now=self._now)
        value = term.values[0]
        # What must not be is meant as it stands: -frank is neither France nor a typo of his name.
        whole = value.quoted or term.negated
        today = self._now.date()
        node = phrase(value.text, today=today) if whole else alone(value.text, today)
        return Not(node) if term.negated else node


def _words_that_count(node: Node) -> int:
    """How many words' scores ``node`` adds up, at the most."""
    match node:
        case Word() | Bought():
            return 1
        case Every(nodes):
            return sum(map(_words_that_count, nodes))
        case Either(nodes):
            return max(map(_words_that_count, nodes))
        case _:
            return 0


def _is_word(term: Term, word: str) -> bool:
    return term.is_plain and term.values[0].text == word


def _is_or(term: Term) -> bool:
    return _is_word(term, "OR")


def _is_punctuation(node: Node) -> bool:
    return isinstance(node, Word) and not node.forms
