"""What only nginx does: its file, its logs, and services of their own processes."""

from __future__ import annotations

from pathlib import Path

import httpx2
from click.testing import CliRunner

from services.gateway.__main__ import main
from services.gateway.tests.conftest import Gateway
from services.gateway.tests.test_conformance import BEARER, KEY, get, problem

COMMITTED = Path(__file__).parents[3] / "deploy" / "nginx" / "default.conf"


def test_the_committed_file_is_the_generated_one() -> None:
    """If not: ``python -m services.gateway nginx > deploy/nginx/default.conf``."""
    result = CliRunner().invoke(main, ["nginx"])
    assert result.exit_code == 0
    assert COMMITTED.read_text() == result.output


def test_upstreams_are_taken_from_the_command_line() -> None:
    result = CliRunner().invoke(
        main, ["nginx", "--listen", "127.0.0.1:9", "--upstream", "search=10.0.0.1:80", "--resolver", ""]
    )
    assert "listen 127.0.0.1:9 default_server;" in result.output
    assert 'set $upstream "http://10.0.0.1:80";' in result.output
    assert "resolver" not in result.output
    assert CliRunner().invoke(main, ["nginx", "--upstream", "unknown=x:1"]).exit_code == 2


def test_a_service_down_is_told_apart(nginx: Gateway) -> None:
    nginx.stop_service()
    answer = get(nginx, "/v1/customers", **BEARER)
    assert problem(answer, 502)["code"] == "bad_gateway"
    assert int(answer.headers["Retry-After"]) > 0
    assert get(nginx, "/v1/identity/me", **BEARER).status_code == 200


def test_logs_tell_neither_searches_nor_credentials(nginx: Gateway, tmp_path: Path) -> None:
    get(nginx, "/v1/search/customers?q=Canary", **BEARER)
    nginx.stop_service()
    get(nginx, "/v1/search/customers?q=Canary", **BEARER)
    httpx2.post(f"{nginx.url}/v1/search?q=Canary", content=b"x" * 1_000_001, headers=BEARER)
    get(nginx, "/v1/search?q=Canary" + "x" * 17_000, **BEARER)
    logs = (tmp_path / "access.log").read_text() + (tmp_path / "error.log").read_text()
    assert logs.count('"path":"/v1/search/customers"') == 2
    assert "Canary" not in logs
    assert KEY not in logs


def test_cached_exchanges_are_for_nginx_only(nginx: Gateway, tmp_path: Path) -> None:
    get(nginx, "/v1/customers", **BEARER)
    assert (tmp_path / "exchange").stat().st_mode & 0o077 == 0
