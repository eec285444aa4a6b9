"""The short form of the failure test: every CI run kills each kind of process a few times, and upsets the servers.

The long form is ``python -m tests.process``.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from servicekit.testing.proxy import behind_proxy
from servicekit.testing.servers import is_required
from tests.process.conftest import given_servers
from tests.process.kills import POINTS
from tests.process.landmark import Landmark
from tests.process.own_servers import own_servers
from tests.process.scenario import disturbed
from tests.process.waiting import wait_until
from tools.servers.rabbitmq import RabbitmqServer

KILLS = 4
AWAY_SECONDS = 4.0


@pytest.mark.slow
@pytest.mark.real("RabbitMQ", "OpenSearch")
def test_nothing_is_lost_and_nothing_done_twice_whatever_dies(tmp_path: Path) -> None:
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"KILL_SEED={seed}")
    broker = RabbitmqServer()
    if broker.missing():
        assert not is_required(), broker.missing()
        pytest.skip(f"needs a broker of its own: {broker.missing()}")
    servers = given_servers()
    proxy, opensearch = behind_proxy(servers.opensearch)
    with own_servers([broker]) as own:
        where = own.environment(broker)
        servers = replace(
            servers,
            rabbitmq=where["RABBITMQ_URL"],
            rabbitmq_management=where["RABBITMQ_MANAGEMENT_URL"],
            opensearch_for_product=opensearch,
        )
        with disturbed(servers, tmp_path, seed=seed) as run:
            landmark = Landmark.create(run.product, run.product.publisher(), seconds=30.0)
            run.stage("processes killed", lambda: run.kill_until(KILLS, 90.0, every=2.0))

            own.freeze(broker)
            run.stage("broker frozen", lambda: run.write_for(AWAY_SECONDS))
            own.thaw(broker)

            own.kill(broker)
            run.stage("broker killed", lambda: run.write_more(20, 30.0))
            own.start(broker)

            proxy.cut()
            run.stage("OpenSearch away", lambda: run.write_for(AWAY_SECONDS))
            wait_until("search is degraded", 10.0, landmark.what_is_not_degraded)
            proxy.restore()
            wait_until("search is whole again", 30.0, landmark.what_search_lacks)
            landmark.close()
    proxy.close()
    print("\n".join(run.report.lines()))
    assert all(run.report.in_flight(kind) >= KILLS for kind in POINTS), run.report.lines()
