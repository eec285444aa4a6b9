"""The command ``python -m tools.generate``."""

from __future__ import annotations

import sys

import click

from tools.generate.snapshots import differences, snapshots, write


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 and show a diff if something is not up to date.")
def main(*, check: bool) -> None:
    """Rewrite the generated files: OpenAPI, AsyncAPI, event schemas, topology, pages on events and personal data."""
    made = snapshots()
    if not check:
        for path in write(made):
            click.echo(f"wrote {path}")
        return
    found = differences(made)
    for difference in found:
        click.echo(difference)
    if found:
        click.echo(f"{len(found)} generated files are not up to date: run python -m tools.generate", err=True)
        sys.exit(1)


main()
