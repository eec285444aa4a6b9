"""A form as it is shown again: what was typed, and what is wrong with it, in the API's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.console.clients import ApiProblem

# A refusal that belongs to one field although the API doesn't say so.
_OF_FIELDS = {"email_taken": "email"}


@dataclass(frozen=True, slots=True)
class Form:
    """What is in the fields, by name; ``errors`` by name, and ``message`` about the whole."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    message: str = ""

    @classmethod
    def refused(cls, values: Mapping[str, str], problem: ApiProblem) -> Form:
        """The form after the API refused it."""
        errors = {where.removeprefix("/").partition("/")[0]: message for where, message in problem.errors.items()}
        if problem.code in _OF_FIELDS:
            errors[_OF_FIELDS[problem.code]] = problem.detail
        return cls(values, errors, problem.detail)

    def value(self, name: str) -> str:
        """What is in a field."""
        return self.values.get(name, "")

    def error(self, name: str) -> str:
        """What is wrong with a field; empty if nothing is."""
        return self.errors.get(name, "")
