"""Command lines of services."""

from __future__ import annotations

from typing import Any

import click

from servicekit.settings import SettingsError


class ServiceCommands(click.Group):
    """A wrong setting is a message, not a traceback."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command. Raises click.ClickException for a SettingsError."""
        try:
            return super().invoke(context)
        except SettingsError as error:
            raise click.ClickException(str(error)) from None
