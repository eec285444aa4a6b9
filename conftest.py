"""Registers the project's pytest plugin: servers for tests, and what was run on which of them."""

pytest_plugins = ["servicekit.testing.plugin"]
