"""Publishers' accounts from a file, and which provider serves whom."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from servicekit.db.database import Database
from servicekit.ids import new_id
from servicekit.settings import SettingsError
from services.billing.providers.accounts import read_accounts
from services.billing.providers.apple import Apple
from services.billing.providers.google import Google
from services.billing.providers.registry import AccountNotFound, Providers
from services.billing.providers.sandbox import Sandbox
from services.billing.providers.stores import Unconfigured
from services.billing.providers.stripe import Stripe
from services.billing.tests.providers.apple_world import authority
from services.billing.tests.providers.google_world import pair, service_account
from services.billing.tests.providers.worlds import charge

SECRET = "sk_live_do_not_show_me"
STRIPE = {
    "name": "acme-stripe",
    "publisher_id": "pub_a",
    "provider": "stripe",
    "api_key": SECRET,
    "webhook_secrets": ["whsec_1"],
}


def written(folder: Path, content: Any, *, mode: int = 0o600, name: str = "providers.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return path


def providers(path: Path, *, sandbox: bool = True) -> Providers:
    database = Database("postgresql://nobody@127.0.0.1:9/none")
    return Providers.from_file(str(path), database, sandbox=sandbox)


def test_json_and_toml_say_the_same(tmp_path: Path) -> None:
    toml = """
        [[account]]
        name = "acme-stripe"
        publisher_id = "pub_a"
        provider = "stripe"
        api_key = "sk_live_do_not_show_me"
        webhook_secrets = ["whsec_1"]
    """
    from_json = read_accounts(written(tmp_path, {"account": [STRIPE]}))
    assert from_json == read_accounts(written(tmp_path, toml, name="providers.toml"))


def test_each_publisher_has_its_own_providers(tmp_path: Path) -> None:
    known = providers(written(tmp_path, {"account": [STRIPE]}))
    assert isinstance(known.of("pub_a", "stripe"), Stripe)
    assert isinstance(known.of("pub_b", "stripe"), Unconfigured)
    assert isinstance(known.of("pub_b", "sandbox"), Sandbox)
    assert isinstance(known.of("pub_b", "roku"), Unconfigured)
    assert known.charging("pub_a") == ("stripe", "sandbox")
    assert known.charging("pub_b") == ("sandbox",)


def test_the_sandbox_can_be_turned_off(tmp_path: Path) -> None:
    known = providers(written(tmp_path, {"account": [STRIPE]}), sandbox=False)
    assert isinstance(known.of("pub_a", "sandbox"), Unconfigured)
    assert known.charging("pub_a") == ("stripe",)
    assert known.charging("pub_b") == ()


def test_without_a_file_there_is_the_sandbox(sandbox_database: Database) -> None:
    known = Providers.from_file("", sandbox_database)
    publisher_id = new_id("pub")
    provider = known.of(publisher_id, "sandbox")
    order = charge(provider.describe("tok_visa"))
    provider.charge(order)
    assert known.of(publisher_id, "sandbox").look_up(order) is not None


def test_accounts_of_stores(tmp_path: Path) -> None:
    (tmp_path / "key.p8").write_bytes(_key())
    (tmp_path / "root.cer").write_bytes(authority().root)
    (tmp_path / "google.json").write_text(json.dumps(service_account("https://oauth2.example.com")))
    apple = {
        "name": "acme-apple",
        "publisher_id": "pub_a",
        "provider": "apple",
        "bundle_id": "com.example.news",
        "environment": "production",
        "app_apple_id": 41234,
        "issuer_id": "i",
        "key_id": "k",
        "private_key_file": "key.p8",
        "root_certificate_files": ["root.cer"],
    }
    google = {
        "name": "acme-google",
        "publisher_id": "pub_a",
        "provider": "google",
        "package_name": "com.example.news",
        "service_account_file": "google.json",
        "push_audience": "https://example.com",
        "push_email": "push@example.com",
    }
    known = providers(written(tmp_path, {"account": [apple, google]}))
    assert isinstance(known.of("pub_a", "apple"), Apple)
    assert isinstance(known.of("pub_a", "google"), Google)
    assert known.charging("pub_a") == ("sandbox",)
    for broken in ({**apple, "private_key_file": "root.cer"}, {**google, "service_account_file": "key.p8"}):
        with pytest.raises(SettingsError, match=str(broken["name"])):
            providers(written(tmp_path, {"account": [broken]}))
    for missing in ({**apple, "environment": "test"}, {**apple, "app_apple_id": "5"}, {**google, "push_email": ""}):
        with pytest.raises(SettingsError):
            providers(written(tmp_path, {"account": [missing]}))


def test_the_account_of_a_notification(tmp_path: Path) -> None:
    other = {**STRIPE, "name": "other-stripe", "publisher_id": "pub_b"}
    sandbox = {"name": "s", "publisher_id": "pub_a", "provider": "sandbox", "secret": "x"}
    known = providers(written(tmp_path, {"account": [STRIPE, other, sandbox]}))
    assert known.account("stripe", "other-stripe").publisher_id == "pub_b"
    assert known.account("sandbox", None).publisher_id == "pub_a"
    for provider, name in (("stripe", None), ("stripe", "nobody"), ("apple", None), ("google", "acme-stripe")):
        with pytest.raises(AccountNotFound):
            known.account(provider, name)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o620, 0o602, 0o666])
def test_a_file_that_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SettingsError, match="0600"):
        read_accounts(written(tmp_path, {"account": [STRIPE]}, mode=mode))


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_ones_own_is_read(tmp_path: Path, mode: int) -> None:
    assert len(read_accounts(written(tmp_path, {"account": [STRIPE]}, mode=mode))) == 1


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        {"accounts": []},
        {"account": {}},
        {"account": [5]},
        {"account": [{**STRIPE, "name": ""}]},
        {"account": [{**STRIPE, "name": "Acme / Stripe"}]},
        {"account": [{**STRIPE, "publisher_id": None}]},
        {"account": [{**STRIPE, "provider": "paypal"}]},
        {"account": [STRIPE, {**STRIPE, "publisher_id": "pub_b"}]},
        {"account": [STRIPE, {**STRIPE, "name": "again"}]},
        {"account": [{**STRIPE, "api_key": ""}]},
        {"account": [{**STRIPE, "api_key": 5}]},
        {"account": [{**STRIPE, "webhook_secrets": []}]},
        {"account": [{**STRIPE, "webhook_secrets": "whsec"}]},
        {"account": [{**STRIPE, "webhook_secrets": [5]}]},
        f'{{"account": [{{"api_key": "{SECRET}", }}]}}',
    ],
)
def test_a_file_with_something_wrong_in_it_is_refused_without_showing_it(tmp_path: Path, content: Any) -> None:
    with pytest.raises(SettingsError) as error:
        providers(written(tmp_path, content))
    assert SECRET not in str(error.value)
    assert error.value.__cause__ is None


def test_the_example_is_one_that_could_be_used(tmp_path: Path) -> None:
    example = Path(__file__).parents[4] / "deploy" / "billing" / "providers.example.toml"
    accounts = read_accounts(written(tmp_path, example.read_text("utf-8"), name="providers.toml"))
    assert [account.provider for account in accounts] == ["stripe", "apple", "google"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        read_accounts(tmp_path / "none.json")


def test_secrets_are_shown_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        path = written(tmp_path, {"account": [STRIPE]})
        known = providers(path)
        (account,) = read_accounts(path)
        shown = f"{account!r} {account} {known!r} {known.of('pub_a', 'stripe')!r}"
    assert SECRET not in shown
    assert SECRET not in caplog.text
    assert SECRET not in json.dumps(dict(os.environ))


def _key() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    assert pair("service account")
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
