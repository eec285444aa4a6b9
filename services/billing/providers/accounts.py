"""Publishers' accounts at payment providers, from one file that nobody else may read."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from servicekit.settings import SettingsError

PROVIDERS = ("sandbox", "stripe", "apple", "google")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")
_KINDS = {str: "text", list: "a list of texts", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class Account:
    """One publisher's account at one provider. ``name`` is its place in the address of its notifications.

    ``settings`` holds secrets, so it never shows itself.
    """

    name: str
    publisher_id: str
    provider: str
    settings: Mapping[str, Any] = field(repr=False)
    folder: Path = field(repr=False, default=Path())

    def text(self, name: str) -> str:
        """A setting. Raises SettingsError if it is missing or empty."""
        value: str = self._typed(name, str)
        return value

    def optional(self, name: str) -> str | None:
        """A setting that may be missing."""
        return self.text(name) if name in self.settings else None

    def number(self, name: str) -> int:
        """A setting that is a whole number."""
        value: int = self._typed(name, int)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A setting that is a list of texts, at least one."""
        values = self._typed(name, list)
        if not all(isinstance(value, str) and value for value in values):
            raise self._wrong(name, "has to be a list of texts")
        return tuple(values)

    def file(self, name: str) -> bytes:
        """The content of a file that a setting names, relative to the accounts' own file."""
        return self._read(name, self.text(name))

    def files(self, name: str) -> list[bytes]:
        """The content of each file that a setting names."""
        return [self._read(name, path) for path in self.texts(name)]

    def _read(self, name: str, path: str) -> bytes:
        try:
            return (self.folder / path).read_bytes()
        except OSError as error:
            raise self._wrong(name, f"can't be read: {error.strerror}") from error

    def _typed(self, name: str, kind: type) -> Any:
        value = self.settings.get(name)
        if not isinstance(value, kind) or value in ("", []):
            raise self._wrong(name, f"is missing or not {_KINDS[kind]}")
        return value

    def _wrong(self, name: str, what: str) -> SettingsError:
        return SettingsError(f"payment provider account {self.name!r}: {name} {what}")


def read_accounts(path: Path) -> tuple[Account, ...]:
    """The accounts in a file (``.toml``, else JSON): a list ``account`` of tables.

    Raises SettingsError, which never shows a value: for a file that others may read, and for whatever is wrong in it.
    """
    content = _content(path)
    tables = content.get("account", [])
    if set(content) - {"account"} or not isinstance(tables, list):
        raise SettingsError(f"{path}: there should be a list named account, and nothing else")
    accounts = tuple(_account(number, table, path) for number, table in enumerate(tables, start=1))
    _check_unique(path, "name", [account.name for account in accounts])
    _check_unique(path, "publisher_id and provider", [f"{one.publisher_id} {one.provider}" for one in accounts])
    return accounts


def _content(path: Path) -> Mapping[str, Any]:
    try:
        mode = path.stat().st_mode
        if mode & 0o037:
            raise SettingsError(f"{path}: others may read or change it; make it 0600 (chmod 600)")
        text = path.read_text("utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except ValueError:
        # Without its cause, which may quote a secret.
        raise SettingsError(f"{path}: no valid {'TOML' if path.suffix == '.toml' else 'JSON'}") from None
    if not isinstance(content, Mapping):
        raise SettingsError(f"{path}: there should be a list named account, and nothing else")
    return content


def _account(number: int, table: Any, path: Path) -> Account:
    if not isinstance(table, Mapping):
        raise SettingsError(f"{path}: account {number} is no table")
    for name in ("name", "publisher_id", "provider"):
        if not isinstance(table.get(name), str) or not table[name]:
            raise SettingsError(f"{path}: account {number} lacks {name}")
    if not _NAME.match(table["name"]):
        raise SettingsError(f"{path}: the name of account {number} may have small letters, digits, - and _ only")
    if table["provider"] not in PROVIDERS:
        raise SettingsError(f"{path}: account {number} is of none of these providers: {', '.join(PROVIDERS)}")
    rest = {name: value for name, value in table.items() if name not in ("name", "publisher_id", "provider")}
    return Account(table["name"], table["publisher_id"], table["provider"], rest, path.parent)


def _check_unique(path: Path, what: str, values: Sequence[str]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise SettingsError(f"{path}: several accounts with the same {what}: {', '.join(twice)}")
