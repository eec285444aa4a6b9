"""What each column of a file becomes: told by the caller, else by its heading. Nothing is dropped silently."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError

from servicekit.errors import FieldError
from servicekit.imports.errors import InvalidMapping, UnknownColumns
from servicekit.imports.headings import NOT_IMPORTED, is_our_remark, is_secret, plain
from servicekit.imports.vocabulary import Shape, Vocabulary

ALL_OTHERS = "*"
_MOST_COLUMNS = 1000
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller said: column to field (empty: leave it out; ``*``: all not named), and field to value."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)


def wishes_of(vocabulary: Vocabulary, mapping: Sequence[str], constants: Sequence[str]) -> Wishes:
    """Wishes from ``column=field`` and ``field=value``. Raises InvalidMapping."""
    columns, values = {}, {}
    for entry in mapping:
        column, equals, target = entry.rpartition("=")
        name = vocabulary.canonical(target.strip())
        if not equals or (target.strip() and name is None) or (column == ALL_OTHERS and target.strip()):
            raise InvalidMapping(
                f"{entry[:200]!r} is not column=field. The fields: {', '.join(vocabulary.fields)}.",
                errors=[FieldError("map", f"There is no field {target[:100]!r}.{_suggestion(vocabulary, target)}")],
            )
        columns[column] = name or NOT_IMPORTED
    for entry in constants:
        target, equals, value = entry.partition("=")
        name = vocabulary.canonical(target.strip())
        if not equals or name is None:
            raise InvalidMapping(
                f"{entry[:200]!r} is not field=value. The fields: {', '.join(vocabulary.fields)}.",
                errors=[FieldError("set", f"There is no field {target[:100]!r}.{_suggestion(vocabulary, target)}")],
            )
        values[name] = _checked(vocabulary, name, value)
    return Wishes(columns, values)


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of a file's columns in their order; for objects, of the keys of its first ones."""

    headings: Sequence[str]
    targets: Sequence[str]
    secrets: frozenset[int]
    shape: str | None
    wishes: Wishes

    def target_of(self, heading: str, vocabulary: Vocabulary) -> str | None:
        """The field of an object's key, one that the first objects didn't have as well; None if it is unknown."""
        return _target(vocabulary, heading, self.headings, self.wishes, vocabulary.shape_named(self.shape))

    def to_json(self) -> dict[str, Any]:
        """To be kept."""
        return {
            "headings": list(self.headings),
            "targets": list(self.targets),
            "secrets": sorted(self.secrets),
            "shape": self.shape,
            "columns": dict(self.wishes.columns),
            "constants": dict(self.wishes.constants),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Layout:
        """As it was."""
        wishes = Wishes(kept["columns"], kept["constants"])
        return cls(kept["headings"], kept["targets"], frozenset(kept["secrets"]), kept["shape"], wishes)


def lay_out(vocabulary: Vocabulary, headings: Sequence[str], wishes: Wishes, *, nested: bool = False) -> Layout:
    """Decide about every column; ``nested`` if they are the keys of objects, whose values may be objects too.

    Raises UnknownColumns, InvalidMapping.
    """
    headings = [heading.strip("\ufeff ") for heading in headings]
    if len(headings) > _MOST_COLUMNS:
        raise InvalidMapping(f"The file has {len(headings)} columns; {_MOST_COLUMNS} are the most.")
    wishes = _spelled_as(headings, wishes)
    _require_named_columns(headings, wishes, nested=nested)
    shape = vocabulary.shape_of(headings)
    found = [_target(vocabulary, heading, headings, wishes, shape, nested=nested) for heading in headings]
    targets = _once_each(headings, found, wishes, lenient=shape is not None)
    unknown = [heading for heading, target in zip(headings, targets, strict=True) if target is None]
    if unknown:
        raise _unknown(vocabulary, unknown, headings)
    known = [target or NOT_IMPORTED for target in targets]
    if not any(known):
        raise InvalidMapping("No column of the file becomes anything.")
    vocabulary.check_fields({*known} - {NOT_IMPORTED}, wishes.constants)
    secrets = frozenset(index for index, heading in enumerate(headings) if is_secret(heading))
    return Layout(headings, known, secrets, shape.name if shape else None, wishes)


def _target(
    vocabulary: Vocabulary,
    heading: str,
    headings: Sequence[str],
    wishes: Wishes,
    shape: Shape | None,
    *,
    nested: bool = True,
) -> str | None:
    if is_secret(heading):
        if wishes.columns.get(heading):
            raise InvalidMapping(f"{heading!r} is never stored: it holds a password or a card's number.")
        return NOT_IMPORTED
    if heading in wishes.columns:
        return wishes.columns[heading]
    if nested and heading in vocabulary.nested:
        return heading
    if is_our_remark(heading, headings) or not heading:
        return NOT_IMPORTED
    target = vocabulary.canonical(heading) or vocabulary.meaning(heading, shape)
    return NOT_IMPORTED if target is None and ALL_OTHERS in wishes.columns else target


def _spelled_as(headings: Sequence[str], wishes: Wishes) -> Wishes:
    """The same wishes, with columns as the file spells them: ``name`` may stand for ``Name*``."""
    spelled = {plain(heading): heading for heading in reversed(headings)}
    columns = {
        column if column in headings else spelled.get(plain(column), column): target
        for column, target in wishes.columns.items()
    }
    return Wishes(columns, wishes.constants)


def _once_each(
    headings: Sequence[str], targets: list[str | None], wishes: Wishes, *, lenient: bool
) -> list[str | None]:
    """One column a field: what the caller named, else what has the field's own name. Of other two nobody can choose.

    The weaker are left out. ``lenient`` for a known export: there the first one counts.
    """
    named = {wishes.columns[heading] for heading in headings if wishes.columns.get(heading)}
    own = {target for heading, target in zip(headings, targets, strict=True) if target and target == heading}
    seen: dict[str, str] = {}
    chosen: list[str | None] = []
    for heading, target in zip(headings, targets, strict=True):
        guessed = heading not in wishes.columns
        weaker = target in named or (target in own and target != heading) or (lenient and target in seen)
        if target and guessed and weaker:
            target = NOT_IMPORTED
        if target and target in seen:
            raise InvalidMapping(
                f"The columns {seen[target]!r} and {heading!r} would both become {target}. "
                "Say which one is to be left out, by mapping it to nothing."
            )
        if target:
            seen[target] = heading
        chosen.append(target)
    return chosen


def _require_named_columns(headings: Sequence[str], wishes: Wishes, *, nested: bool) -> None:
    missing = [column for column in wishes.columns if column not in headings and column != ALL_OTHERS]
    if missing and not nested:  # later objects may have keys that the first ones lack
        there = ", ".join(repr(heading) for heading in headings[:_MOST_SHOWN])
        raise InvalidMapping(
            f"The file has no column {missing[0]!r}. It has: {there}.",
            errors=[FieldError("map", f"There is no column {column!r}.") for column in missing[:_MOST_SHOWN]],
        )


def _unknown(vocabulary: Vocabulary, unknown: Sequence[str], headings: Sequence[str]) -> UnknownColumns:
    shown = ", ".join(repr(heading[:100]) for heading in unknown[:_MOST_SHOWN])
    more = f" and {len(unknown) - _MOST_SHOWN} more" if len(unknown) > _MOST_SHOWN else ""
    lead = f"{len(unknown)} of {len(headings)} columns are not known: {shown}{more}."
    if len(unknown) == len(headings):
        lead = (
            f"No column is known: {shown}{more}. Are the columns' names in the first row, and is the delimiter right?"
        )
    return UnknownColumns(
        f"{lead} Map each to a field, or to nothing to leave it out; '*' to nothing leaves out all that are not named.",
        errors=[
            FieldError(heading[:100], f"Not a field.{_suggestion(vocabulary, heading)}")
            for heading in unknown[:_MOST_SHOWN]
        ],
    )


def _suggestion(vocabulary: Vocabulary, name: str) -> str:
    near = difflib.get_close_matches(name.strip().lower().replace(" ", "_")[:100], vocabulary.fields, 1, 0.7)
    return f" Is {near[0]} meant?" if near else ""


def _checked(vocabulary: Vocabulary, name: str, value: str) -> str:
    """A constant that some row could have. Raises InvalidMapping."""
    try:
        vocabulary.check_constant(name, value)
    except ValidationError as error:
        reason = " ".join(map(str, error.messages))
        raise InvalidMapping(f"{name} can't be set to this: {reason}", errors=[FieldError("set", reason)]) from None
    return value
