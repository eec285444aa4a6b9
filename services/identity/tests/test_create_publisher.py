"""The command that makes an installation's first publisher."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from servicekit.testing.databases import ScratchDatabase
from services.identity.__main__ import main
from services.identity.exchange import Exchanger

ARGUMENTS = ["create-publisher", "--name", "Example Media", "--owner-name", "Olivia Owner", "--owner-email"]


@pytest.fixture(autouse=True)
def environment(scratch: ScratchDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_DATABASE_URL_APP", scratch.urls.app)
    monkeypatch.setenv("IDENTITY_SECRET", "a secret of the tests, long enough")


def run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, [*ARGUMENTS, *arguments], input=typed)


def test_it_prints_a_sign_in_and_a_key_that_work(exchange: Exchanger) -> None:
    made = json.loads(run("olivia@example.com").stdout)
    assert made["email"] == "olivia@example.com"
    assert len(made["password"]) >= 12
    assert exchange(made["api_key"])


def test_a_password_that_was_typed_is_not_printed() -> None:
    typed = "three green bicycles at dawn"
    result = run("olivia@example.com", "--ask-password", typed=f"{typed}\n{typed}\n")
    assert result.exit_code == 0
    assert typed not in result.output


@pytest.mark.parametrize(
    ("arguments", "typed", "message"),
    [
        (["olivia@"], None, "--owner-email"),
        (["olivia@example.com", "--ask-password"], "short\nshort\n", "12 characters"),
        (["olivia@example.com", "--ask-password"], "Olivia-2026-!\nOlivia-2026-!\n", "email address"),
    ],
)
def test_what_it_refuses(arguments: list[str], typed: str | None, message: str) -> None:
    result = run(*arguments, typed=typed)
    assert result.exit_code != 0
    assert message in result.output


def test_an_address_signs_in_to_one_publisher_only() -> None:
    assert run("olivia@example.com").exit_code == 0
    again = run("OLIVIA@example.com")
    assert again.exit_code == 1
    assert "Error" in again.output
    assert "Traceback" not in again.output
