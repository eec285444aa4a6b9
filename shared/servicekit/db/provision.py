"""``python -m servicekit.db.provision NAME…``: make databases and roles, before the first migration.

Reads ``ADMIN_DATABASE_URL`` (needs CREATEDB and CREATEROLE) and, for each database,
``<NAME>_DATABASE_PASSWORD_MIGRATE``, ``_APP`` and ``_SYSTEM``. Doing it again changes nothing, except that a
password becomes what is given.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from environs import Env, EnvError

from servicekit.db.roles import PARTS, provision
from servicekit.settings import SettingsError


def passwords_from_env(database: str) -> Mapping[str, str]:
    """The password of each of the database's roles. Raises SettingsError, naming what is missing."""
    env = Env()
    found = {}
    for part in PARTS:
        name = f"{database.upper()}_DATABASE_PASSWORD_{part.upper()}"
        found[part] = env.str(name, "")
        if not found[part]:
            raise SettingsError(f"{name} is not set.")
    return found


def run(databases: Sequence[str]) -> None:
    """Provision every one of these. Raises SettingsError before anything is done if a password is missing."""
    try:
        admin_url = Env().str("ADMIN_DATABASE_URL")
    except EnvError as error:
        raise SettingsError("ADMIN_DATABASE_URL is not set.") from error
    passwords = {database: passwords_from_env(database) for database in databases}
    for database in databases:
        provision(admin_url, database, passwords[database])


def main() -> None:
    """The command."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m servicekit.db.provision NAME...")
    try:
        run(sys.argv[1:])
    except SettingsError as error:
        sys.exit(f"provision: {error}")


if __name__ == "__main__":
    main()
