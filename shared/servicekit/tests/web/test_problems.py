"""Problem documents for what Flask and Werkzeug notice."""

from __future__ import annotations

import pytest
from flask import Flask, abort

from servicekit import errors
from servicekit.web import problems


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (400, errors.BadRequest.title),
        (404, errors.NotFound.title),
        (405, "Method not allowed"),
        (422, errors.Invalid.title),
        (415, "Unsupported Media Type"),
    ],
)
def test_one_kind_of_problem_has_one_title_whoever_notices(status: int, title: str) -> None:
    app = Flask("tested", static_folder=None)
    problems.register(app)
    app.add_url_rule("/", view_func=lambda: abort(status))

    answer = app.test_client().get("/")

    assert answer.status_code == status
    assert answer.json is not None
    assert (answer.json["status"], answer.json["title"]) == (status, title)
