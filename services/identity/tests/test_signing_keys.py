"""Keys rotate by time alone, and nobody who polls ever meets one they can't get."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import OKPKey
from sqlalchemy import select

from servicekit.db.database import Database
from services.identity.models import SigningKey
from services.identity.signer import Signer, TimedKey, key_at
from services.identity.signing_keys import (
    RETENTION,
    UnreadableSigningKey,
    plan_rotation,
    rotate_keys,
    seal,
    unseal,
)

START = datetime(2030, 1, 1, tzinfo=UTC)
PERIOD = timedelta(minutes=10)  # the shortest that settings allow
SIGNER_REREADS = timedelta(seconds=30)
VERIFIER_POLLS = timedelta(minutes=3)
TOKEN_LIVES = timedelta(minutes=5)
SECRET = "a secret of the tests, long enough"


@dataclass
class Copy:
    """What one process has read of the keys, and when."""

    keys: dict[str, datetime] = field(default_factory=dict)
    read_at: datetime | None = None

    def is_older_than(self, age: timedelta, now: datetime) -> bool:
        return self.read_at is None or now - self.read_at >= age

    def read(self, keys: dict[str, datetime], now: datetime) -> None:
        self.keys, self.read_at = dict(keys), now

    def signing_kid(self, now: datetime) -> str:
        timed = [TimedKey(_key(kid), begin) for kid, begin in sorted(self.keys.items(), key=lambda item: item[1])]
        return str(key_at(timed, now).kid)


@lru_cache
def _key(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", parameters={"kid": kid})


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(1, 170), st.integers(0, 2), st.integers(0, 2)
        ),  # seconds, who signs, whom a verifier reads
        min_size=1,
        max_size=120,
    ),
    outage=st.integers(0, 3 * 86400),
)
def test_a_verifier_that_polls_never_meets_a_kid_it_lacks(steps: Sequence[tuple[int, int, int]], outage: int) -> None:
    """Several processes with copies of different age sign and publish; a verifier reads any of them every 3 minutes;
    for some time in the middle nothing runs at all."""
    now, stored, made = START, dict[str, datetime](), 0
    processes, verifier = [Copy(), Copy(), Copy()], Copy()
    alive: list[tuple[str, datetime]] = []  # tokens: kid, expiry
    for index, (seconds, signer, published_by) in enumerate(steps):
        now += timedelta(seconds=seconds + (outage if index == len(steps) // 2 else 0))
        for process in processes:
            if process.is_older_than(SIGNER_REREADS, now):
                plan = plan_rotation(stored.items(), now=now, period=PERIOD)
                for begin in plan.begin:
                    made += 1
                    stored[f"key-{made}"] = begin
                stored = {kid: begin for kid, begin in stored.items() if kid not in plan.drop}
                process.read(stored, now)
        if verifier.is_older_than(VERIFIER_POLLS, now):
            verifier.read(processes[published_by].keys, now)
        alive = [token for token in alive if token[1] > now]
        alive.append((processes[signer].signing_kid(now), now + TOKEN_LIVES))
        assert {kid for kid, _ in alive} <= verifier.keys.keys()
        assert len(stored) <= 2 + RETENTION // PERIOD + 1


def test_rotation_adds_a_key_ahead_and_drops_old_ones() -> None:
    assert plan_rotation([], now=START, period=PERIOD).begin == [START, START + PERIOD]
    keys = [("a", START), ("b", START + PERIOD)]
    waiting = plan_rotation(keys, now=START + PERIOD - timedelta(seconds=1), period=PERIOD)
    assert (waiting.begin, waiting.drop) == ([], [])
    due = plan_rotation(keys, now=START + PERIOD, period=PERIOD)
    assert (due.begin, due.drop) == ([START + 2 * PERIOD], [])
    later = plan_rotation(keys, now=START + PERIOD + RETENTION, period=PERIOD)
    assert later.drop == ["a"]


def test_many_processes_rotate_once(system_database: Database) -> None:
    def rotate(_: int) -> None:
        with system_database.transaction() as session:
            rotate_keys(session, secret=SECRET, now=START, period=PERIOD)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(rotate, range(16)))
    with system_database.transaction() as session:
        begins = session.scalars(select(SigningKey.active_from).order_by(SigningKey.active_from)).all()
    assert begins == [START, START + PERIOD]


def test_the_signer_rotates_by_itself(system_database: Database) -> None:
    now, monotonic = [START], [0.0]
    signer = Signer(
        system_database,
        secret=SECRET,
        issuer="i",
        audiences=["a"],
        token_seconds=35,
        key_rotation=PERIOD,
        now=lambda: now[0],
        monotonic=lambda: monotonic[0],
    )
    first = [key["kid"] for key in signer.jwks()["keys"]]
    assert len(first) == 2
    now[0] += PERIOD
    monotonic[0] += PERIOD.total_seconds()
    second = [key["kid"] for key in signer.jwks()["keys"]]
    assert second[:2] == first
    assert len(second) == 3
    now[0] += RETENTION + timedelta(seconds=1)
    monotonic[0] += 3601
    assert first[0] not in [key["kid"] for key in signer.jwks()["keys"]]


def test_private_keys_rest_encrypted(system_database: Database, signer: Signer) -> None:
    signer.jwks()
    with system_database.transaction() as session:
        rows = session.scalars(select(SigningKey)).all()
        for row in rows:
            assert "PRIVATE" not in row.private_sealed
            assert unseal(row.kid, row.private_sealed, SECRET).is_private
            with pytest.raises(UnreadableSigningKey, match="IDENTITY_SECRET"):
                unseal(row.kid, row.private_sealed, SECRET + ".")
            with pytest.raises(UnreadableSigningKey):
                unseal("another", row.private_sealed, SECRET)


def test_sealing_twice_gives_different_texts() -> None:
    key = OKPKey.generate_key("Ed25519", parameters={"kid": "k"})
    assert seal(key, SECRET) != seal(key, SECRET)
    assert unseal("k", seal(key, SECRET), SECRET).as_dict(private=True)["d"] == key.as_dict(private=True)["d"]


def test_keys_at_hand_serve_on_while_the_database_is_down(system_database: Database) -> None:
    monotonic = [0.0]
    signer = Signer(
        system_database,
        secret=SECRET,
        issuer="i",
        audiences=["a"],
        token_seconds=35,
        key_rotation=PERIOD,
        monotonic=lambda: monotonic[0],
    )
    before = signer.jwks()
    signer._database = Database("postgresql://nobody:nothing@127.0.0.1:1/nowhere", pool_size=1)
    monotonic[0] += 60
    assert signer.jwks() == before
    signer._database.close()
