"""``python -m services.gateway nginx`` prints nginx's configuration."""

from __future__ import annotations

import click

from services.gateway.nginx_conf import NginxOptions, render
from services.gateway.routes import SERVICES


@click.group()
def main() -> None:
    """The gateway."""


@main.command()
@click.option("--listen", default="8080", show_default=True, help="Port, or address and port, to listen on.")
@click.option(
    "--resolver", default="127.0.0.11", show_default=True, help="Name server; empty where IP addresses are given."
)
@click.option(
    "--upstream", "upstreams", multiple=True, help="service=host:port, repeatable. Default: <service>-web:8000."
)
@click.option("--cache-path", default=NginxOptions().cache_path, show_default=True, help="Where exchanges are cached.")
def nginx(listen: str, resolver: str, upstreams: tuple[str, ...], cache_path: str) -> None:
    """Print a file for nginx's conf.d."""
    chosen = dict(NginxOptions().upstreams)
    for entry in upstreams:
        service, separator, address = entry.partition("=")
        if service not in SERVICES or not separator:
            raise click.BadParameter(f"{entry}: use service=host:port with one of {', '.join(SERVICES)}.")
        chosen[service] = address
    options = NginxOptions(listen=listen, upstreams=chosen, resolver=resolver or None, cache_path=cache_path)
    click.echo(render(options), nl=False)


if __name__ == "__main__":
    main()
