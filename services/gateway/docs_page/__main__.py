"""``python -m services.gateway.docs_page``: the documentation in a process of its own, behind nginx."""

from __future__ import annotations

import click

from servicekit.web.serve import serve
from services.gateway.docs_page.app import OPENAPI, create_docs_app


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Address and port to listen on.")
@click.option("--workers", default=1, show_default=True, help="Processes.")
@click.option("--threads", default=4, show_default=True, help="Threads of each process.")
def main(bind: str, workers: int, threads: int) -> None:
    """Serve the documentation until told to stop."""
    openapi = OPENAPI.read_bytes()
    serve(lambda: create_docs_app(openapi), bind=bind, workers=workers, threads=threads)


if __name__ == "__main__":
    main()
