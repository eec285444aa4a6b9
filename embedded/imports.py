"""``./accounts import``: customers, what they bought, or notes from a file of any size, over the API."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click
from rich.console import Console

from embedded.import_client import ImportClient, ImportFailed
from embedded.import_progress import Shown, announce, summarize
from embedded.import_source import FileProblem, opened_source
from embedded.state import StateError, read_address, read_credentials
from embedded.up import DATA

KINDS = ("customers", "offers", "subscriptions", "transactions", "notes")
DEFAULT_URL = "http://127.0.0.1:8080"
SOME_REJECTED, FAILED, WRONG_USAGE, INTERRUPTED = 3, 1, 2, 130
_HERE = {"127.0.0.1", "localhost", "::1"}


@click.command(context_settings={"show_default": True})
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--url", envvar="ACCOUNTS_URL", help="The server. By default the running ./accounts up.")
@click.option(
    "--api-key",
    envvar="ACCOUNTS_API_KEY",
    help="With the scope …:import of customers, billing or notes; safer in the environment.",
)
@click.option("--data", default=str(DATA), type=click.Path(file_okay=False), help="Data directory of ./accounts up.")
@click.option("--dry-run", is_flag=True, help="Tell what would happen, and change nothing.")
@click.option("--rejects", type=click.Path(dir_okay=False), help="Where the rejected rows go, to correct and import.")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="What a column becomes. Without FIELD it is left out; *= leaves out all unknown ones.",
)
@click.option("--set", "constants", multiple=True, metavar="FIELD=VALUE", help="For every row that says nothing else.")
@click.option("--name", help="Rows without an ID are known by it and their number. By default file name and digest.")
@click.option("--format", "format_", type=click.Choice(["csv", "ndjson"]), help="By default found out.")
@click.option("--delimiter", type=click.Choice(["comma", "semicolon", "tab", "pipe"]), help="By default found out.")
@click.option("--encoding", help="Such as windows-1252. By default found out: UTF-8 or UTF-16.")
def imports(kind: str, file: str, url: str | None, api_key: str | None, data: str, **options: Any) -> None:
    """Import KIND from FILE, or from standard input if it is -.

    Ends with 0 when all rows went in, 3 when some were rejected, 1 when it failed, 2 for wrong usage. Whatever breaks
    off, the same command again goes on; when all is done, it changes nothing.
    """
    url, api_key = _credentials(url, api_key, Path(data).absolute())
    try:
        sys.exit(_run(kind, file, url, api_key, options))
    except (ImportFailed, FileProblem) as error:
        _end(str(error), WRONG_USAGE if isinstance(error, ImportFailed) and error.usage else FAILED)
    except OSError as error:
        _end(f"{error.strerror}: {error.filename}", FAILED)
    except KeyboardInterrupt:
        _end("Interrupted. The same command again goes on; what the server has it works on meanwhile.", INTERRUPTED)


def _run(kind: str, file: str, url: str, api_key: str, options: dict[str, Any]) -> int:
    asked = _asked(options)
    rejects = Path(options["rejects"]) if options["rejects"] else None
    if rejects is not None and file != "-" and rejects.resolve() == Path(file).resolve():
        raise ImportFailed("--rejects names the file itself.", usage=True)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with (
        opened_source(file, json.dumps(asked)) as (source, default_name),
        contextlib.closing(ImportClient(url, api_key, kind=kind)) as client,
    ):
        with Shown(console, source.size) as shown:
            job = client.send(source, asked, name=options["name"] or default_name, tell=shown.tell)
            announce(console, job)
            job = client.follow(job, tell=shown.tell)
        if rejects is not None:
            _write_rejects(client, job["id"], rejects)
        click.echo(summarize(job, rejects))
        if job["status"] != "finished":
            problem = job["problem"] or {}
            raise ImportFailed(problem.get("detail") or f"The import was {job['status']}.")
    return SOME_REJECTED if job["rows"]["rejected"] else 0


def _asked(options: dict[str, Any]) -> Sequence[tuple[str, str]]:
    """The options as the API's parameters."""
    asked = [("map", entry) for entry in options["mapping"]] + [("set", entry) for entry in options["constants"]]
    asked += [(name, options[key]) for name, key in _SIMPLE.items() if options[key]]
    return [*asked, ("dry_run", "true")] if options["dry_run"] else asked


_SIMPLE = {"format": "format_", "delimiter": "delimiter", "encoding": "encoding"}


def _credentials(url: str | None, api_key: str | None, directory: Path) -> tuple[str, str]:
    """Where and as whom. The key in the data directory is for the product on this machine only."""
    if url is not None and urlsplit(url).scheme not in ("http", "https"):
        raise click.BadParameter("not an address such as https://accounts.example.com", param_hint="--url")
    chosen = url or read_address(directory) or DEFAULT_URL
    if api_key is None and urlsplit(chosen).hostname in _HERE:
        try:
            credentials = read_credentials(directory)
        except StateError as error:
            raise click.UsageError(str(error)) from None
        api_key = credentials.api_key if credentials is not None else None
    if api_key is None:
        raise click.UsageError(
            "There is no API key: give --api-key or ACCOUNTS_API_KEY, or start ./accounts up, "
            f"which keeps one in {directory}."
        )
    return chosen, api_key


def _write_rejects(client: ImportClient, import_id: str, target: Path) -> None:
    """Write the file as a whole or not at all."""
    temporary = target.with_name(f".{target.name}.new")
    try:
        with client.rejects(import_id) as blocks, temporary.open("wb") as file:
            file.writelines(blocks)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _end(message: str, code: int) -> NoReturn:
    click.echo(f"accounts: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    imports(prog_name="./accounts import")
