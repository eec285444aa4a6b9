"""Running a service's migrations."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool, text
from sqlalchemy.engine import make_url

_HOME = Path(__file__).parent / "alembic"


def _config(url: str, migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HOME).replace("%", "%%"))
    config.set_main_option("version_locations", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    full = make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    config.set_main_option("sqlalchemy.url", full.replace("%", "%%"))
    return config


def migrate(url: str, migrations: Path) -> None:
    """Bring the database at ``url`` (as its ``migrate`` role) to the newest version in the folder ``migrations``."""
    command.upgrade(_config(url, migrations), "head")


def newest_version(migrations: Path) -> str | None:
    """The version that this code expects."""
    return ScriptDirectory.from_config(_config("postgresql://", migrations)).get_current_head()


def present_version(url: str) -> str | None:
    """The version that the database is at; None before the first migration."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
    with engine.connect() as connection:
        if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
            return None
        version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return version
