"""The baseline of creating customers: Flask and psycopg with nothing around them, the same statements.

``python -m bench.bare_app`` serves it with the gunicorn settings of the product. The statements are those that the
product sends, each with the values that the product gives it; ``bench.creating`` compares them at every run.
"""

from __future__ import annotations

import os
import zlib
from typing import Any

import orjson
from flask import Flask, Response, request
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from servicekit.clock import now, rfc3339
from servicekit.db.ddl import SHARDS
from servicekit.ids import new_id
from servicekit.web.serve import serve

SET_PUBLISHER = "SELECT set_config('app.publisher_id', %(publisher_id)s, true)"
INSERT_CUSTOMER = """
    INSERT INTO customer (id, publisher_id, email, email_key, first_name, last_name, company, birthdate, phone,
        language, currency, country, address, external_ids, attributes, status, registered_at, last_login_at,
        anonymized_at, revision, version)
    VALUES (%(id)s, %(publisher_id)s, %(email)s, %(email_key)s, %(first_name)s, %(last_name)s, %(company)s,
        %(birthdate)s, %(phone)s, %(language)s, %(currency)s, %(country)s, %(address)s, %(external_ids)s,
        %(attributes)s, %(status)s, %(registered_at)s, %(last_login_at)s, %(anonymized_at)s, %(revision)s, %(version)s)
"""
CLAIM_EXTERNAL_ID = """
    INSERT INTO external_id (publisher_id, source, external_id, customer_id)
    VALUES (%(publisher_id)s, %(source)s, %(external_id)s, %(customer_id)s)
    ON CONFLICT DO NOTHING
"""
INSERT_CHANGE = """
    INSERT INTO customer_change (id, publisher_id, customer_id, revision, at, editor_id, editor_name, editor_kind,
        action, fields)
    VALUES (%(id)s, %(publisher_id)s, %(customer_id)s, %(revision)s, %(at)s, %(editor_id)s, %(editor_name)s,
        %(editor_kind)s, %(action)s, %(fields)s)
"""
INSERT_EVENT = """
    INSERT INTO outbox (shard, publisher_id, event_id, type, subject, aggregate_version, datasubject, time, payload)
    VALUES (%(shard)s, %(publisher_id)s, %(event_id)s, %(type)s, %(subject)s, %(aggregate_version)s, %(datasubject)s,
        %(time)s, %(payload)s)
"""
INSERT_AUDIT = """
    INSERT INTO audit_entry (id, publisher_id, at, actor_id, actor_kind, action, subject, request_id, outcome)
    VALUES (%(id)s, %(publisher_id)s, %(at)s, %(actor_id)s, %(actor_kind)s, %(action)s, %(subject)s, %(request_id)s,
        %(outcome)s)
"""
STATEMENTS = (SET_PUBLISHER, INSERT_CUSTOMER, CLAIM_EXTERNAL_ID, INSERT_CHANGE, INSERT_EVENT, INSERT_AUDIT)
_FIELDS = ("email", "first_name", "last_name", "phone", "language", "currency", "country")
_NOTHING = ("company", "birthdate", "last_login_at", "anonymized_at")


def create_bare_app(database_url: str, publisher_id: str) -> Flask:
    """The app; its pool is as large as the product's."""
    pool = ConnectionPool(database_url, min_size=8, max_size=10, open=True)
    app = Flask("bare")

    @app.post("/v1/customers")
    def post_customer() -> Response:
        row = _row(request.get_json(), publisher_id)
        external_id = row["external_ids"][0]
        with pool.connection() as connection, connection.transaction():
            connection.execute(SET_PUBLISHER, row)
            connection.execute(INSERT_CUSTOMER, {**row, **{name: _json(row[name]) for name in _JSON}})
            connection.execute(
                CLAIM_EXTERNAL_ID,
                {
                    "publisher_id": publisher_id,
                    "source": external_id["source"],
                    "external_id": external_id["id"],
                    "customer_id": row["id"],
                },
            )
            connection.execute(INSERT_CHANGE, _change(row))
            connection.execute(INSERT_EVENT, _event(row))
            connection.execute(INSERT_AUDIT, _audit(row))
        return Response(orjson.dumps(_state(row)), 201, content_type="application/json")

    return app


_JSON = ("address", "external_ids", "attributes")
_INTERNAL = ("publisher_id", "email_key", "revision")


def _row(body: dict[str, Any], publisher_id: str) -> dict[str, Any]:
    return {
        **dict.fromkeys(_NOTHING),
        **body,
        "id": new_id("cus"),
        "publisher_id": publisher_id,
        "email_key": body["email"].casefold(),
        "status": "active",
        "registered_at": now(),
        "revision": 1,
        "version": 1,
    }


def _state(row: dict[str, Any]) -> dict[str, Any]:
    state = {name: value for name, value in row.items() if name not in _INTERNAL}
    return {**state, "registered_at": rfc3339(row["registered_at"])}


def _change(row: dict[str, Any]) -> dict[str, Any]:
    fields = [{"field": name, "old": None, "new": row[name]} for name in _FIELDS]
    for name in ("address", "attributes"):
        fields += [{"field": f"{name}.{part}", "old": None, "new": value} for part, value in row[name].items()]
    fields.append({"field": "external_ids", "old": None, "new": row["external_ids"]})
    return {
        "id": new_id("chg"),
        "publisher_id": row["publisher_id"],
        "customer_id": row["id"],
        "revision": 1,
        "at": row["registered_at"],
        "editor_id": "key_bench",
        "editor_name": "Bench",
        "editor_kind": "api_key",
        "action": "created",
        "fields": _json(fields),
    }


def _event(row: dict[str, Any]) -> dict[str, Any]:
    event_id, kind, moment = new_id("evt"), "customers.customer.created.v1", rfc3339(row["registered_at"])
    envelope = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/customers",
        "type": kind,
        "subject": row["id"],
        "time": moment,
        "datacontenttype": "application/json",
        "publisherid": row["publisher_id"],
        "aggregateversion": 1,
        "data": _state(row),
        "datasubject": row["id"],
        "traceparent": f"00-{'1' * 32}-{'1' * 16}-01",
    }
    return {
        "shard": zlib.crc32(row["id"].encode()) % SHARDS,
        "publisher_id": row["publisher_id"],
        "event_id": event_id,
        "type": kind,
        "subject": row["id"],
        "aggregate_version": 1,
        "datasubject": row["id"],
        "time": row["registered_at"],
        "payload": orjson.dumps(envelope).decode(),
    }


def _audit(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "publisher_id": row["publisher_id"],
        "id": new_id("aud"),
        "at": row["registered_at"],
        "actor_id": "key_bench",
        "actor_kind": "api_key",
        "action": "customers.customer.created",
        "subject": row["id"],
        "request_id": new_id("req"),
        "outcome": "done",
    }


def _json(value: Any) -> Jsonb:
    return Jsonb(value, dumps=orjson.dumps)


if __name__ == "__main__":
    serve(
        lambda: create_bare_app(os.environ["BARE_DATABASE_URL"], os.environ["BARE_PUBLISHER"]),
        bind=os.environ["BARE_BIND"],
        workers=1,
        threads=8,
    )
