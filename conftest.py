"""Registers the project's pytest plugin, and tells it how to start a PostgreSQL where none is given."""

from embedded.postgres import EmbeddedPostgres
from servicekit.testing import servers

pytest_plugins = ["servicekit.testing.plugin"]

servers.provide_postgres(lambda directory: EmbeddedPostgres(directory, fsync=False))
