"""A form that somebody else was faster with: what of it was changed by whom, and what becomes of an edit in between.

A form holds each field twice, as it was when the form was made and as it is wanted: so only what differs is sent, and
when somebody else was faster all three can be shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

MINE, THEIRS = "mine", "theirs"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a form wants: ``was`` when it was made (of ``version``, an ETag), and ``values`` that are to be.

    ``undecided``: of a conflict something was not chosen.
    """

    version: str
    was: Mapping[str, str]
    values: Mapping[str, str]
    undecided: bool = False

    @classmethod
    def of(cls, form: MultiDict[str, str], was: Mapping[str, str], typed: Mapping[str, str]) -> Wanted:
        """What a form says, with what was chosen where both had changed something."""
        choices = {name: form.get(f"choice.{name}") for name in form.getlist("conflict") if name in typed}
        values = {name: was[name] if choices.get(name) == THEIRS else value for name, value in typed.items()}
        undecided = any(choice not in (MINE, THEIRS) for choice in choices.values())
        return cls(form.get("version", ""), was, values, undecided)

    @property
    def changed(self) -> list[str]:
        """The fields that are to become something else."""
        return [name for name, value in self.values.items() if value != self.was[name]]

    def is_done(self, now: Mapping[str, str]) -> bool:
        """Whether all is as wanted already: the same was sent twice, or an answer got lost on its way."""
        return all(now[name] == self.values[name] for name in self.changed)


@dataclass(frozen=True, slots=True)
class Side:
    """A field that two have changed, or one of them."""

    name: str
    label: str
    was: str
    mine: str
    now: str

    @property
    def is_conflict(self) -> bool:
        """Whether both want something else, so that somebody has to choose."""
        return self.was not in (self.mine, self.now) and self.mine != self.now

    @property
    def is_mine(self) -> bool:
        """Whether only I changed it."""
        return self.now == self.was

    @property
    def chosen(self) -> str:
        """What the form goes on with: what I want where I changed it, else what there is now."""
        return self.mine if self.mine != self.was else self.now


def sides(labels: Mapping[str, str], wanted: Wanted, now: Mapping[str, str]) -> Sequence[Side]:
    """Every field of ``labels``, as three see it."""
    return [Side(name, label, wanted.was[name], wanted.values[name], now[name]) for name, label in labels.items()]
