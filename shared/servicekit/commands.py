"""Command lines of services."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy.exc import OperationalError

from servicekit.settings import SettingsError


class ServiceCommands(click.Group):
    """A wrong setting and a database in trouble are messages, not tracebacks."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command. Raises click.ClickException for a SettingsError or when the database is in trouble."""
        try:
            return super().invoke(context)
        except SettingsError as error:
            raise click.ClickException(str(error)) from None
        except OperationalError as error:
            # The driver's own words: they name host, port and role, and no values.
            raise click.ClickException(f"the database is in trouble, try again later: {error.orig}") from None
