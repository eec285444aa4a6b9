"""The baseline of reading a transaction: bare Flask that checks the same token and does the same indexed SELECT.

``python -m bench.bare_billing`` serves it with the gunicorn settings of the product.
"""

from __future__ import annotations

import os
from typing import Any

import orjson
from flask import Flask, Response, request
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from servicekit.adapters import jwt_verifier
from servicekit.clock import rfc3339
from servicekit.web.serve import serve
from services.identity.settings import ISSUER

SET_PUBLISHER = "SELECT set_config('app.publisher_id', %(publisher_id)s, true)"
FIND = "SELECT * FROM transaction WHERE id = %(id)s AND publisher_id = %(publisher_id)s"


def create_bare_app(database_url: str, identity_url: str) -> Flask:
    """The app; its pool is as large as the product's."""
    pool = ConnectionPool(database_url, min_size=8, max_size=10, open=True, kwargs={"row_factory": dict_row})
    verifier = jwt_verifier(identity_url=identity_url, audience="billing", issuer=ISSUER)
    app = Flask("bare")

    @app.get("/v1/billing/transactions/<transaction_id>")
    def get_transaction(transaction_id: str) -> Response:
        caller = verifier.verify(request.headers["Authorization"].removeprefix("Bearer "))
        values = {"id": transaction_id, "publisher_id": caller.publisher_id}
        with pool.connection() as connection, connection.transaction():
            connection.execute(SET_PUBLISHER, values)
            row: Any = connection.execute(FIND, values).fetchone()
        told = {name: rfc3339(value) if name.endswith("_at") and value else value for name, value in row.items()}
        return Response(orjson.dumps(told), content_type="application/json")

    return app


if __name__ == "__main__":
    serve(
        lambda: create_bare_app(os.environ["BARE_DATABASE_URL"], os.environ["BARE_IDENTITY_URL"]),
        bind=os.environ["BARE_BIND"],
        workers=1,
        threads=8,
    )
