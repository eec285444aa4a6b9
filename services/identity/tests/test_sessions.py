"""Sessions that are listed, ended, and end by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, func, select, text

from servicekit.db.database import Database
from servicekit.errors import Unauthorized
from services.identity.exchange import Exchanger
from services.identity.models import Staff, StaffSession
from services.identity.tests.conftest import PASSWORD, Client
from services.identity.tests.people import ME, person, sign_in

SESSIONS = f"{ME}/sessions"
IDLE = timedelta(minutes=60)


def listed(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = client.send("GET", SESSIONS + query)
    assert answer.status_code == 200, answer.text
    return list((answer.json or {})["items"])


def is_over(client: Client) -> bool:
    try:
        client.send("GET", ME)
    except Unauthorized:
        return True
    return False


def test_one_sees_where_one_is_signed_in(signed_in: Client, client: Client, owner: Staff) -> None:
    body = {"email": owner.email, "password": PASSWORD}
    answer = client.send("POST", "/v1/identity/token", json=body, headers={"User-Agent": "Teletext/1.0"})
    other = client.using((answer.json or {})["access_token"])
    newest, oldest = listed(other)
    assert (newest["current"], oldest["current"]) == (True, False)
    assert newest["user_agent"] == "Teletext/1.0"
    assert newest["id"] not in str(other.credential)
    assert [item["current"] for item in listed(signed_in)] == [False, True]


def test_what_the_browser_calls_itself_is_kept_short(client: Client, owner: Staff) -> None:
    body = {"email": owner.email, "password": PASSWORD}
    answer = client.send("POST", "/v1/identity/token", json=body, headers={"User-Agent": "x" * 5000})
    session = client.using((answer.json or {})["access_token"])
    assert listed(session)[0]["user_agent"] == "x" * 300


def test_the_list_goes_on_by_cursor(client: Client, owner: Staff) -> None:
    sessions = [sign_in(client, owner.email, PASSWORD) for _ in range(3)]
    whole = [item["id"] for item in listed(sessions[0])]
    first = sessions[0].send("GET", f"{SESSIONS}?limit=2").json or {}
    second = sessions[0].send("GET", f"{SESSIONS}?limit=2&cursor={first['next_cursor']}").json or {}
    assert [item["id"] for item in (*first["items"], *second["items"])] == whole
    assert second["next_cursor"] is None


def test_one_session_is_ended(signed_in: Client, client: Client, owner: Staff) -> None:
    other = sign_in(client, owner.email, PASSWORD)
    (mine,) = (item["id"] for item in listed(other) if item["current"])
    assert signed_in.send("DELETE", f"{SESSIONS}/{mine}").status_code == 204
    assert is_over(other)
    assert not is_over(signed_in)
    again = signed_in.send("DELETE", f"{SESSIONS}/{mine}")
    assert (again.status_code, (again.json or {})["code"]) == (404, "session_not_found")


def test_all_others_are_ended(signed_in: Client, client: Client, owner: Staff) -> None:
    others = [sign_in(client, owner.email, PASSWORD) for _ in range(2)]
    for _ in range(2):
        assert signed_in.send("DELETE", SESSIONS).status_code == 204
    assert [is_over(other) for other in others] == [True, True]
    assert len(listed(signed_in)) == 1


def test_another_persons_sessions_are_neither_seen_nor_ended(signed_in: Client) -> None:
    grace = person(signed_in, "agent")
    (hers,) = (item["id"] for item in listed(grace.client))
    assert hers not in {item["id"] for item in listed(signed_in)}
    assert signed_in.send("DELETE", f"{SESSIONS}/{hers}").status_code == 404
    assert signed_in.send("DELETE", SESSIONS).status_code == 204
    assert not is_over(grace.client)


def test_a_key_has_no_sessions(signed_in: Client) -> None:
    key = signed_in.using((signed_in.send("POST", "/v1/identity/api_keys", json={"name": "Key"}).json or {})["secret"])
    for method, path in (("GET", SESSIONS), ("DELETE", SESSIONS), ("DELETE", f"{SESSIONS}/ssn_1")):
        assert key.send(method, path).status_code == 403


def test_an_unused_session_ends(client: Client, owner: Staff) -> None:
    with time_machine.travel("2030-01-01T00:00:00Z", tick=False) as now:
        session = sign_in(client, owner.email, PASSWORD)
        now.shift(IDLE - timedelta(seconds=1))
        assert not is_over(session)
        now.shift(IDLE - timedelta(seconds=1))
        shown = listed(session)[0]
        assert shown["ends_unused_at"] == "2030-01-01T02:59:58.000000Z"
        assert shown["expires_at"] == "2030-01-01T12:00:00.000000Z"
        now.shift(IDLE)
        assert is_over(session)
        other = sign_in(client, owner.email, PASSWORD)
        assert [item["current"] for item in listed(other)] == [True]


def test_use_is_noted_once_a_minute_at_the_most(
    client: Client, owner: Staff, exchange: Exchanger, system_database: Database
) -> None:
    written: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith("SELECT"):
            written.append(statement)

    with time_machine.travel("2030-01-01T00:00:00Z", tick=False) as now:
        secret = str(sign_in(client, owner.email, PASSWORD).credential)
        exchange(secret)
        event.listen(system_database.engine, "before_cursor_execute", note)
        for _ in range(59):
            now.shift(timedelta(seconds=1))
            exchange(secret)
        assert written == []
        now.shift(timedelta(seconds=1))
        for _ in range(10):
            exchange(secret)
        assert len(written) == 1
    with system_database.transaction() as session:
        assert session.scalars(select(StaffSession.last_used_at)).one() == datetime(2030, 1, 1, 0, 1, tzinfo=UTC)


def test_expired_sessions_of_the_publisher_are_cleared(
    signed_in: Client, client: Client, owner: Staff, database: Database
) -> None:
    person(signed_in, "agent")
    with database.transaction(owner.publisher_id) as session:
        assert session.scalar(select(func.count()).select_from(StaffSession)) == 2
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=13)):
        sign_in(client, owner.email, PASSWORD)
    with database.transaction(owner.publisher_id) as session:
        assert session.scalar(select(func.count()).select_from(StaffSession)) == 1


def test_the_system_role_writes_nothing_else_of_a_session(system_database: Database) -> None:
    with system_database.transaction() as session:
        session.execute(text("UPDATE staff_session SET last_used_at = now()"))
    for column in ("expires_at", "secret_hash", "staff_id", "user_agent"):
        with pytest.raises(Exception, match="permission denied"), system_database.transaction() as session:
            session.execute(text(f"UPDATE staff_session SET {column} = NULL"))
