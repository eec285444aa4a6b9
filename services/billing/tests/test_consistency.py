"""The rules that every other test ends with do find what is wrong."""

from __future__ import annotations

import pytest

from servicekit.db.database import Database
from services.billing.tests.conftest import Api
from services.billing.tests.consistency import broken_rules
from services.billing.tests.paid import bought


@pytest.mark.parametrize(
    ("change", "undo", "broken"),
    [
        ("account SET transactions_count = 2", "account SET transactions_count = 1", "figures"),
        ("account SET lifetime_value = '{}'", """account SET lifetime_value = '{"EUR": 999}'""", "figures"),
        ("transaction SET refunding_minor = 1", "transaction SET refunding_minor = 0", "refunds"),
        ("access SET version = version + 1", "access SET version = version - 1", "last event"),
    ],
)
def test_what_does_not_hold_is_found(
    api: Api, database: Database, system_database: Database, change: str, undo: str, broken: str
) -> None:
    bought(api)
    assert broken_rules(system_database) == {}
    for statement, expected in ((change, {broken}), (undo, set())):
        with database.transaction("pub_a") as session:
            session.connection().exec_driver_sql(f"UPDATE {statement}")
        assert set(broken_rules(system_database)) == expected
