"""Flags as a publisher has them: those that everybody begins with, changed or not, and its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.etag import etag
from services.notes.errors import (
    FlagChanged,
    FlagExists,
    FlagInUse,
    FlagNotFound,
    KeyNeeded,
    TooManyOwnFlags,
    UnknownFlag,
)
from services.notes.models import Flag
from services.notes.vocabulary import GIVEN_FLAGS, MOST_OWN_FLAGS


@dataclass(frozen=True, slots=True)
class Definition:
    """A flag as it is shown. ``version`` 1: as everybody's is, or as the publisher made it."""

    key: str
    name: str
    color: str
    own: bool
    retired: bool
    version: int


def list_flags(session: Session, publisher_id: str) -> list[Definition]:
    """All of a publisher's flags: everybody's first, then its own by name."""
    rows = {row.key: row for row in session.scalars(select(Flag).where(Flag.publisher_id == publisher_id))}
    given = [_definition(rows[key]) if key in rows else _given(key) for key in GIVEN_FLAGS]
    own = sorted((row for row in rows.values() if row.own), key=lambda row: (row.name.casefold(), row.key))
    return [*given, *map(_definition, own)]


def add_flag(
    session: Session, *, publisher_id: str, key: str | None, name: str, color: str, now: datetime
) -> Definition:
    """Define a flag of the publisher's own. Raises FlagExists, KeyNeeded, TooManyOwnFlags."""
    chosen = key or key_of(name)
    if chosen in GIVEN_FLAGS:
        raise FlagExists
    mine = (Flag.publisher_id == publisher_id, Flag.own)
    if (session.scalar(select(func.count()).select_from(Flag).where(*mine)) or 0) >= MOST_OWN_FLAGS:
        raise TooManyOwnFlags(MOST_OWN_FLAGS)
    if not _insert(session, publisher_id, chosen, name, color, own=True, now=now):
        raise FlagExists
    return Definition(chosen, name, color, own=True, retired=False, version=1)


def edit_flag(
    session: Session,
    *,
    publisher_id: str,
    key: str,
    name: str | None,
    color: str | None,
    retired: bool | None,
    expected_version: int | None,
    now: datetime,
) -> Definition:
    """Change what a flag is called, its color, or whether it can be set; None: as it is.

    Raises FlagNotFound, FlagChanged.
    """
    flag = _lock_flag(session, publisher_id, key, now=now)
    if expected_version is not None and expected_version != flag.version:
        raise FlagChanged(current_etag=etag(flag.version))
    wanted = (
        flag.name if name is None else name,
        flag.color if color is None else color,
        flag.retired if retired is None else retired,
    )
    if wanted != (flag.name, flag.color, flag.retired):
        flag.name, flag.color, flag.retired = wanted
        flag.version += 1
        session.flush()
    return _definition(flag)


def delete_flag(session: Session, *, publisher_id: str, key: str) -> None:
    """Take away a flag of the publisher's own that was never set. Raises FlagNotFound, FlagInUse."""
    if key in GIVEN_FLAGS:
        raise FlagInUse
    flag = session.execute(
        select(Flag).where(Flag.publisher_id == publisher_id, Flag.key == key).with_for_update()
    ).scalar_one_or_none()
    if flag is None:
        raise FlagNotFound
    if flag.used:
        raise FlagInUse
    session.delete(flag)
    session.flush()


def use_flags(session: Session, publisher_id: str, keys: Sequence[str], *, had: Collection[str] = ()) -> list[str]:
    """``keys`` without repetition, in order, each of which may be set; ``had`` are there already, retired or not.

    Raises UnknownFlag.
    """
    wanted = sorted(set(keys))
    new = [key for key in wanted if key not in had]
    rows: dict[str, Flag] = {}
    if new:
        mine = (Flag.publisher_id == publisher_id, Flag.key.in_(new))
        # Shared: nobody deletes or retires one meanwhile.
        found = session.scalars(select(Flag).where(*mine).order_by(Flag.key).with_for_update(read=True))
        rows = {row.key: row for row in found}
    for key in new:
        if key not in rows and key not in GIVEN_FLAGS:
            raise UnknownFlag(key, "/flags")
        if key in rows and rows[key].retired:
            raise UnknownFlag(key, "/flags", retired=True)
    unused = sorted(key for key, row in rows.items() if not row.used)
    if unused:
        session.execute(update(Flag).where(Flag.publisher_id == publisher_id, Flag.key.in_(unused)).values(used=True))
    return wanted


def key_of(name: str) -> str:
    """A key made of a name: ``Press contact`` is ``press_contact``. Raises KeyNeeded if nothing is left of it."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    key = re.sub(r"[^a-z0-9]+", "_", folded).strip("_")[:40].strip("_")
    if not key:
        raise KeyNeeded
    return key


def _lock_flag(session: Session, publisher_id: str, key: str, *, now: datetime) -> Flag:
    if key in GIVEN_FLAGS:
        _insert(session, publisher_id, key, *GIVEN_FLAGS[key], own=False, now=now)
    flag = session.execute(
        select(Flag).where(Flag.publisher_id == publisher_id, Flag.key == key).with_for_update(),
        execution_options={"populate_existing": True},
    ).scalar_one_or_none()
    if flag is None:
        raise FlagNotFound
    return flag


def _insert(session: Session, publisher_id: str, key: str, name: str, color: str, *, own: bool, now: datetime) -> bool:
    row = {"publisher_id": publisher_id, "key": key, "name": name, "color": color, "own": own, "retired": False}
    values = {**row, "used": not own, "created_at": now, "version": 1}
    return session.scalar(insert(Flag).values(values).on_conflict_do_nothing().returning(Flag.key)) is not None


def _given(key: str) -> Definition:
    given = GIVEN_FLAGS[key]
    return Definition(key, given.name, given.color, own=False, retired=False, version=1)


def _definition(row: Flag) -> Definition:
    return Definition(row.key, row.name, row.color, own=row.own, retired=row.retired, version=row.version)
