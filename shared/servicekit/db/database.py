"""A service's database as one of its roles sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from servicekit.db.direct import Statement, begin_with, execute_directly, teach
from servicekit.db.lasting import finish

_SET_PUBLISHER = "SELECT set_config('app.publisher_id', %(publisher_id)s, true)"
_SET_READER = f"{_SET_PUBLISHER}, set_config('synchronous_commit', 'off', true)"


class Database:
    """Transactions on one database with the rights of one role.

    As the role ``app`` everything is bound to the publisher that a transaction names; without one no row is
    visible. As the role ``system`` the kit's own tables are visible for all publishers.
    """

    def __init__(self, url: str, *, pool_size: int = 10, overflow: int = 5) -> None:
        self.engine: Engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=overflow,
            pool_timeout=10,
            pool_pre_ping=False,
            hide_parameters=True,  # errors are logged, and values are personal data
            json_serializer=_dump_json,
            json_deserializer=orjson.loads,
            # The server's side of a dead connection is the roles' (``roles.provision``); this is ours.
            connect_args={
                "connect_timeout": 5,
                "keepalives_idle": 15,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 30_000,
            },
        )
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        teach(self.engine, self._sessions)

    @contextmanager
    def transaction(self, publisher_id: str | None = None, *, reading: bool = False) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises.

        ``reading``: it changes nothing that anybody is promised. What it writes all the same may be lost if the
        server crashes within the next half second; it doesn't wait for a disk.
        """
        with self._sessions() as session, session.begin():
            if publisher_id is not None:
                begin_with(session, _binding(publisher_id, reading=reading))
            yield session
            finish(session)

    def ping(self) -> None:
        """Raise if the database doesn't answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def bind_publisher(session: Session, publisher_id: str) -> None:
    """Bind a transaction begun without a publisher, for the one case where it makes the publisher."""
    execute_directly(session, [_binding(publisher_id)])


def _binding(publisher_id: str, *, reading: bool = False) -> Statement:
    return Statement(_SET_READER if reading else _SET_PUBLISHER, {"publisher_id": publisher_id})


def is_transient(error: BaseException) -> bool:
    """Whether a database error may go away by itself: connection lost, server starting or stopping, deadlock,
    serialization, out of connections or disk (SQLSTATE classes 08, 40, 53, 57, 58), a lock that isn't free (55P03),
    a transaction ended because its process stood still (25P03), a server that became a standby (25006)."""
    if not isinstance(error, DBAPIError):
        # The pool's own time-out: all connections are busy.
        return type(error).__module__ == "sqlalchemy.exc" and type(error).__name__ == "TimeoutError"
    state = getattr(error.orig, "sqlstate", None)
    if state in ("25006", "25P03", "55P03"):
        return True
    if error.connection_invalidated or state is None:
        return type(error).__name__ in ("OperationalError", "InterfaceError")
    return str(state)[:2] in ("08", "40", "53", "57", "58")


def _dump_json(value: Any) -> str:
    return orjson.dumps(value).decode()
