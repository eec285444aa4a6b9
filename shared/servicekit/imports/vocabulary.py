"""What the columns of a kind of file can become: its fields, what headings mean, and the exports that are known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from servicekit.imports.headings import NOT_IMPORTED, forms, plain


@dataclass(frozen=True, slots=True)
class Shape:
    """An export of another system: known by headings that it always has and by one of ``some``; what they mean.

    A column of it that means nothing here is not imported, and said so, instead of refused.
    """

    name: str
    always: Collection[str]
    some: Collection[str]
    means: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The fields of one kind of file.

    ``fields`` are their names, for messages; ``canonical`` gives the name that a target means, or None; ``meanings``
    are by plain headings (see ``meanings_of``). ``nested`` are fields that an object may have as the API has them.
    ``check_constant`` raises ValidationError or InvalidMapping for a value that no row could have, or not all of them;
    ``check_fields`` raises InvalidMapping where what the columns and constants become lacks something.
    """

    fields: Collection[str]
    canonical: Callable[[str], str | None]
    meanings: Mapping[str, str]
    check_constant: Callable[[str, str], None]
    check_fields: Callable[[Collection[str], Collection[str]], None]
    shapes: Collection[Shape] = ()
    nested: Collection[str] = ()

    def meaning(self, heading: str, shape: Shape | None = None) -> str | None:
        """The field that a heading means; ``NOT_IMPORTED`` for one of the shape's that means none here; None if
        unknown."""
        for spelled in forms(heading):
            if shape is not None and spelled in shape.means:
                return shape.means[spelled]
            if spelled in self.meanings:
                return self.meanings[spelled]
        return None if shape is None else NOT_IMPORTED

    def knows(self, heading: str) -> bool:
        """Whether a heading means something here."""
        return bool(self.canonical(heading) or self.meaning(heading))

    def shape_of(self, headings: Iterable[str]) -> Shape | None:
        """The export that has these headings, if it is one that is known."""
        spelled = {form for heading in headings for form in forms(heading)}
        known = (s for s in self.shapes if spelled.issuperset(s.always) and spelled.intersection(s.some))
        return next(known, None)

    def shape_named(self, name: str | None) -> Shape | None:
        """A shape by its name."""
        return next((shape for shape in self.shapes if shape.name == name), None)


def meanings_of(names: Iterable[str], others: Mapping[str, str]) -> dict[str, str]:
    """Plain headings to fields: each field's own name, and ``others``, its other names, parted by commas."""
    meanings = {plain(name): name for name in names}
    for target, spelled in others.items():
        meanings |= dict.fromkeys(spelled.split(", "), target)
    return meanings
