"""Columns that say what becomes of them when the person they are about is erased."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DateTime
from sqlalchemy.orm import mapped_column

MOMENT = DateTime(timezone=True)


def plain_column(*arguments: Any, **options: Any) -> Any:
    """A column that says nothing about a person."""
    return mapped_column(*arguments, info={"personal": "none"}, **options)


def personal_column(*arguments: Any, **options: Any) -> Any:
    """A column that is erased with the person it is about."""
    return mapped_column(*arguments, info={"personal": "erase"}, **options)


def lawful_column(*arguments: Any, reason: str, **options: Any) -> Any:
    """A column about a person that a law demands to keep; ``reason`` says which."""
    return mapped_column(*arguments, info={"personal": "keep_by_law", "reason": reason}, **options)


def kept_column(*arguments: Any, reason: str, **options: Any) -> Any:
    """A column about a person that stays when somebody is erased; ``reason`` says why."""
    return mapped_column(*arguments, info={"personal": "keep", "reason": reason}, **options)
