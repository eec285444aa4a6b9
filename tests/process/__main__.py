"""The long form: ``python -m tests.process --kills 100 --seed N``. Starts servers of its own, with fsync on."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path

import click

from tests.process.kills import POINTS
from tests.process.landmark import Landmark
from tests.process.own_servers import DurablePostgresServer, OwnServers, own_servers
from tests.process.product import Servers
from tests.process.scenario import Report, Run, disturbed
from tests.process.waiting import wait_until
from tools.servers.home import ServerError
from tools.servers.opensearch import OpensearchServer
from tools.servers.rabbitmq import RabbitmqServer

_POSTGRES, _BROKER, _SEARCH = DurablePostgresServer(), RabbitmqServer(), OpensearchServer()


@click.command()
@click.option("--kills", default=100, show_default=True, help="Kills of each kind that must hit work in flight.")
@click.option("--seed", type=int, help="Where the draws begin; made up and printed if absent.")
@click.option("--frozen", default=25.0, show_default=True, help="Seconds for which the broker is stopped (SIGSTOP).")
@click.option("--away", default=60.0, show_default=True, help="Seconds for which OpenSearch is down.")
@click.option("--writers", default=4, show_default=True, help="Programs that write.")
def main(kills: int, seed: int | None, frozen: float, away: float, writers: int) -> None:
    """Kill the product's processes and upset its servers while programs write; then check everything."""
    os.umask(0o022)
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    directory = Path(tempfile.mkdtemp(prefix="accounts-process-test-"))
    click.echo(f"seed {seed}; logs in {directory}")
    try:
        with (
            own_servers([_POSTGRES, _BROKER, _SEARCH]) as own,
            disturbed(_addresses(own), directory, seed=seed, writers=writers) as run,
        ):
            _disturb(run, own, kills, frozen, away)
    except ServerError as error:
        raise click.ClickException(str(error)) from error
    _say(run.report, kills)


def _addresses(own: OwnServers) -> Servers:
    broker = own.environment(_BROKER)
    opensearch = own.environment(_SEARCH)["OPENSEARCH_URL"]
    return Servers(
        own.environment(_POSTGRES)["POSTGRES_URL"],
        broker["RABBITMQ_URL"],
        broker["RABBITMQ_MANAGEMENT_URL"],
        opensearch,
        opensearch,
    )


def _disturb(run: Run, own: OwnServers, kills: int, frozen: float, away: float) -> None:
    """Each trouble in turn. The kills go first and, a fifth of them, last: after the servers' troubles."""
    landmark = Landmark.create(run.product, run.product.publisher(), seconds=60.0)

    def kill(wanted: int) -> None:
        run.stage(f"processes killed, {wanted} of each kind", lambda: run.kill_until(wanted, 10.0 * kills, every=3.0))

    kill(kills * 4 // 5)

    own.freeze(_BROKER)
    run.stage("broker stopped (SIGSTOP)", lambda: run.write_for(frozen))
    own.thaw(_BROKER)
    run.stage("after it went on", lambda: run.write_more(50, 60.0))

    own.kill(_BROKER)
    run.stage("broker killed", lambda: run.write_more(50, 60.0))
    run.stage("broker starting", lambda: own.start(_BROKER))

    own.kill(_SEARCH)
    wait_until("search is degraded", 30.0, landmark.what_is_not_degraded)
    run.stage("OpenSearch down", lambda: run.write_for(away))
    wait_until("search is degraded", 30.0, landmark.what_is_not_degraded)
    run.stage("OpenSearch starting", lambda: own.start(_SEARCH))
    run.stage("until search was whole again", lambda: wait_until("search", 120.0, landmark.what_search_lacks))

    own.kill(_POSTGRES)
    run.stage("PostgreSQL killed", lambda: wait_until("a clear 503", 30.0, landmark.what_is_not_unavailable))
    run.stage("PostgreSQL starting", lambda: own.start(_POSTGRES))
    run.stage("until writes were acknowledged again", lambda: run.write_more(50, 90.0))

    landmark.close()
    kill(kills)


def _say(report: Report, kills: int) -> None:
    click.echo("\n".join(report.lines()))
    too_few = {kind: report.in_flight(kind) for kind in POINTS if report.in_flight(kind) < kills}
    if too_few:
        click.echo(f"FAILED: fewer than {kills} kills hit work in flight: {too_few}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
