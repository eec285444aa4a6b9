"""The SQL for one word of a query in the PostgreSQL index. What was typed is only ever a bound parameter."""

# Statements are put together from constants; every value is a bound parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.search.documents import ATTRIBUTES, BY_NAME
from services.search.engine.postgres_nodes import LOOK_AT_ALL, LOOK_UP, UNCOUNTED, WordSql
from services.search.engine.postgres_tables import KEY_MARK
from services.search.matching import NAMED_SCORES, SCORES, is_near
from services.search.query.tree import Word
from services.search.text import MIN_KEY_PREFIX, Kind

MANY = 100
"""Words of the vocabulary that begin as typed up to which they are looked up one by one."""

_FUZZY = ", ".join(str(attribute.number) for attribute in ATTRIBUTES if attribute.fuzzy)
_SCOPED = ", ".join(str(attribute.number) for attribute in ATTRIBUTES if attribute.scoped)
_MAY_BE_TYPO = f"p.kind = {int(Kind.WORD)} AND p.attribute IN ({_FUZZY})"


# The words that a customer has, and where: fences keep them from being joined in any other way.
_OF_ONE = """SELECT unnest(d.words) AS number
    FROM (SELECT words FROM documents WHERE customer_id = r.customer_id OFFSET 0) d OFFSET 0"""
_POSTINGS_OF_ONE = "SELECT * FROM search_posting WHERE word = n.number AND customer_id = r.customer_id OFFSET 0"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words of a publisher that a query needs, by number: ``begins`` for each form of each word, ``near`` for all."""

    begins: Mapping[tuple[int, int], Mapping[int, str]]
    near: Mapping[int, str]


def word_sql(index: int, word: Word, vocabulary: Vocabulary) -> WordSql:
    """The SQL for the query's word number ``index``."""
    found = [vocabulary.begins.get((index, place), {}) for place in range(len(word.forms))]
    if word.exact:
        return _WholeWords(index, word, sorted({number for words in found for number in words}))
    typos = sorted(number for number, candidate in vocabulary.near.items() if is_near(candidate, word))
    if any(len(words) > MANY for words in found):
        return _ManyWords(index, word, typos)
    return _FewWords(index, word, found, typos)


class _Counted:
    """A word of which it may be known how many postings it has."""

    count = UNCOUNTED

    def counted(self, postings: int) -> None:
        self.count = postings


class _Listed(_Counted):
    """A word whose postings are read by the numbers of its words in the vocabulary."""

    parameters: dict[str, Any]
    width: int
    _index: int
    _condition: str
    _score: str

    @property
    def look_up(self) -> int:
        return min(LOOK_UP * self.width, LOOK_AT_ALL)

    @property
    def rows(self) -> str:
        return f"SELECT p.customer_id, {self._score} AS score FROM search_posting p WHERE {self._condition}"

    @property
    def score_of_one(self) -> str:
        if self.look_up < LOOK_AT_ALL:
            return f"""SELECT max({self._score}) AS score FROM search_posting p
                WHERE p.customer_id = r.customer_id AND {self._condition}"""
        return f"""SELECT max({self._score}) AS score FROM ({_OF_ONE}) n
            CROSS JOIN LATERAL ({_POSTINGS_OF_ONE}) p
            WHERE n.number = ANY(:numbers{self._index}) AND {self._condition}"""


class _WholeWords(_Listed):
    """A word that must be there as it is, or the codes that it names."""

    def __init__(self, index: int, word: Word, numbers: Sequence[int]) -> None:
        self._index = index
        self.width = len(numbers)
        self.parameters = {f"numbers{index}": list(numbers)}
        kinds = f"p.kind = {int(Kind.EXACT)}" if word.names else f"p.kind <> {int(Kind.PART)}"
        attribute = _attribute_condition(index, word, self.parameters)
        self._condition = f"p.word = ANY(:numbers{index}) AND {kinds}{attribute}"
        self._score = str(NAMED_SCORES[word.names]) if word.names else _score("true", "false")


class _FewWords(_Listed):
    """A word that few of the vocabulary begin with."""

    def __init__(self, index: int, word: Word, found: Sequence[Mapping[int, str]], typos: Sequence[int]) -> None:
        begins = {number: text for words in found for number, text in words.items()}
        equal = sorted(number for number, text in begins.items() if text.removeprefix(KEY_MARK) in word.forms)
        numbers = sorted({*begins, *typos})
        self._index = index
        self.width = len(numbers)
        self.parameters = {
            f"numbers{index}": numbers,
            f"begins{index}": sorted(begins),
            f"equal{index}": equal,
        }
        attribute = _attribute_condition(index, word, self.parameters)
        is_equal, is_begun = f"p.word = ANY(:equal{index})", f"p.word = ANY(:begins{index})"
        self._condition = f"""p.word = ANY(:numbers{index}) AND CASE
            WHEN {is_equal} THEN true
            WHEN {is_begun} THEN p.kind <> {int(Kind.EXACT)}
            ELSE {_MAY_BE_TYPO} END{attribute}"""
        self._score = _score(is_equal, is_begun)


class _ManyWords(_Counted):
    """A word that many of the vocabulary begin with: they are read as a range and joined with their postings."""

    width = MANY
    look_up = 5 * LOOK_AT_ALL  # each of the customer's own words is looked up in the vocabulary

    def __init__(self, index: int, word: Word, typos: Sequence[int]) -> None:
        forms = [mark + form for mark in ("", KEY_MARK) for form in word.forms]
        self.parameters: dict[str, Any] = {f"forms{index}": forms, f"typos{index}": list(typos)}
        self._index = index
        # Of a word that begins so, and of a posting of it.
        self._ranges = [
            (condition, f"(p.kind <> {int(Kind.EXACT)} OR v.word = :first{index}_{place})")
            for place, form in enumerate(word.forms)
            for condition in (
                range_condition(f"{index}_{place}", form, self.parameters),
                key_condition(f"{index}_{place}", form, self.parameters),
            )
        ]
        self._attribute = _attribute_condition(index, word, self.parameters)

    @property
    def rows(self) -> str:
        typos = (f"v.number = ANY(:typos{self._index})", _MAY_BE_TYPO)
        return " UNION ALL ".join(
            f"""SELECT p.customer_id, {self._score} AS score FROM vocabulary v
            CROSS JOIN LATERAL (SELECT * FROM search_posting WHERE word = v.number OFFSET 0) p
            WHERE {of_word} AND {of_posting}{self._attribute}"""
            for of_word, of_posting in (*self._ranges, typos)
        )

    @property
    def score_of_one(self) -> str:
        """By the customer's own words, which are few."""
        is_typo = f"v.number = ANY(:typos{self._index})"
        of_word = " OR ".join(f"({condition})" for condition, _ in self._ranges)
        of_posting = f"{self._begins} OR ({is_typo} AND {_MAY_BE_TYPO})"
        return f"""SELECT max({self._score}) AS score FROM ({_OF_ONE}) n
            CROSS JOIN LATERAL (SELECT v.number, v.word FROM vocabulary v
                WHERE v.number = n.number AND ({of_word} OR {is_typo}) OFFSET 0) v
            CROSS JOIN LATERAL ({_POSTINGS_OF_ONE}) p WHERE ({of_posting}){self._attribute}"""

    @property
    def _score(self) -> str:
        return _score(f"v.word = ANY(:forms{self._index})", self._begins)

    @property
    def _begins(self) -> str:
        return " OR ".join(f"({of_word} AND {of_posting})" for of_word, of_posting in self._ranges)


def range_condition(name: str, form: str, parameters: dict[str, Any]) -> str:
    """Whether the word ``v`` begins with ``form``, as a range of the index; adds to ``parameters``."""
    parameters[f"first{name}"] = form
    condition = f"v.word >= :first{name}"
    if end := behind_prefix(form):
        parameters[f"behind{name}"] = end
        condition += f" AND v.word < :behind{name}"
    return condition


def key_condition(name: str, form: str, parameters: dict[str, Any]) -> str:
    """Whether the word ``v`` is a key that ``form`` is, or begins if it is long enough; adds to ``parameters``."""
    if len(form) >= MIN_KEY_PREFIX:
        return range_condition(f"_key{name}", KEY_MARK + form, parameters)
    parameters[f"key{name}"] = KEY_MARK + form
    return f"v.word = :key{name}"


def behind_prefix(prefix: str) -> str:
    """The smallest text behind all that begin with ``prefix``, in code point order; empty when there is none."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return ""
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if 0xD800 <= following <= 0xDFFF else following)


def _score(equal: str, begins: str) -> str:
    """The score of the posting ``p``, given that it matches."""
    return f"""CASE
        WHEN {equal} AND p.kind <= {int(Kind.WHOLE)} THEN {SCORES["identifier"]}
        WHEN {equal} AND p.kind IN ({int(Kind.WORD)}, {int(Kind.EXACT)}) THEN {SCORES["word"]}
        WHEN {begins} THEN {SCORES["prefix"]}
        ELSE {SCORES["typo"]} END"""


def _attribute_condition(index: int, word: Word, parameters: dict[str, Any]) -> str:
    if not word.attributes:
        return f" AND p.attribute NOT IN ({_SCOPED})"
    parameters[f"attributes{index}"] = [BY_NAME[name].number for name in word.attributes]
    return f" AND p.attribute = ANY(:attributes{index})"
