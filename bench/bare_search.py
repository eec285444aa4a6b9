"""The baseline of searching: bare Flask that checks the same token and returns the same bytes, which it has ready.

``python -m bench.bare_search`` serves it with the gunicorn settings of the product.
"""

from __future__ import annotations

import os
from pathlib import Path

import orjson
from flask import Flask, Response, request

from servicekit.adapters import jwt_verifier
from servicekit.web.serve import serve
from services.identity.settings import ISSUER


def create_bare_app(answers: dict[str, str], identity_url: str) -> Flask:
    """The app; ``answers`` are what it returns for each ``q``."""
    verifier = jwt_verifier(identity_url=identity_url, audience="search", issuer=ISSUER)
    ready = {q: body.encode() for q, body in answers.items()}
    app = Flask("bare")

    @app.get("/v1/search/customers")
    def get_customers() -> Response:
        verifier.verify(request.headers["Authorization"].removeprefix("Bearer "))
        return Response(ready[request.args["q"]], content_type="application/json")

    return app


if __name__ == "__main__":
    serve(
        lambda: create_bare_app(
            orjson.loads(Path(os.environ["BARE_ANSWERS"]).read_bytes()), os.environ["BARE_IDENTITY_URL"]
        ),
        bind=os.environ["BARE_BIND"],
        workers=1,
        threads=8,
    )
