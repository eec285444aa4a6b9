"""Every answer says what in it is personal, and whoever reads or changes something is in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from marshmallow import Schema, fields

from servicekit.web.access import scope_of
from servicekit.web.auditing import Audit, audit_of
from servicekit.web.masking import MASKED, masked
from servicekit.web.presenting import answer_schemas
from tools.discovery import Service, services

WITH_APP = [service for service in services() if service.app() is not None and service.name != "console"]
# What it answers is about those who work for the publisher; the scope hides those whom they serve.
ABOUT_STAFF = {"identity"}
_READING = {"GET", "HEAD", "OPTIONS"}


def _app(service: Service) -> Flask:
    built = service.app()
    assert built is not None
    return built


def _routes(app: Flask) -> Iterator[tuple[str, set[str], Any]]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/v1/"):
            yield rule.rule, set(rule.methods or ()), app.view_functions[rule.endpoint]


def _inner(field: fields.Field[Any]) -> Schema | None:
    while isinstance(field, fields.List):
        field = field.inner
    return field.schema if isinstance(field, fields.Nested) else None


def _unclassified(schema: Schema, path: str) -> Iterator[str]:
    for name, field in schema.fields.items():
        inner = _inner(field)
        if "personal" not in field.metadata and inner is None:
            yield f"{path}.{name}"
        if inner is not None:
            yield from _unclassified(inner, f"{path}.{name}")


def _may_be_masked(schema: Schema) -> bool:
    for field in schema.fields.values():
        inner = _inner(field)
        hidden = field.metadata.get("hidden", field.metadata.get("personal", False))
        if hidden or (inner is not None and _may_be_masked(inner)):
            return True
    return False


@pytest.mark.parametrize("service", WITH_APP, ids=lambda service: service.name)
def test_every_field_of_every_answer_says_whether_it_is_personal(service: Service) -> None:
    if service.name in ABOUT_STAFF:
        return
    missing = [
        where
        for _rule, _methods, view in _routes(_app(service))
        for schema in answer_schemas(view).values()
        for where in _unclassified(schema(), schema.__name__)
        if not where.startswith(("ProblemView.", "ChangedMeanwhileView.errors", "WrongOffsetView.errors"))
        and not where.endswith((".type", ".request_id"))
    ]
    assert missing == []


@pytest.mark.parametrize("service", WITH_APP, ids=lambda service: service.name)
def test_every_answer_can_be_masked_and_says_that_it_is(service: Service) -> None:
    for rule, methods, view in _routes(_app(service)):
        if scope_of(view) == "public":
            continue
        described = answer_schemas(view)
        apidoc = getattr(view, "_apidoc", {}).get("response", {}).get("responses", {})
        as_json = [int(status) for status, docs in apidoc.items() for doc in docs if _is_json(doc)]
        assert set(as_json) <= set(described), f"{methods} {rule} answers something without a schema"
        for schema in described.values():
            masked(schema, {})
            assert not _may_be_masked(schema()) or _tells(schema()), f"{schema.__name__} doesn't say what is masked"


def _is_json(document: dict[str, Any]) -> bool:
    return bool(document.get("schema")) and document.get("content_type") in (None, "application/json")


def _tells(schema: Schema) -> bool:
    """Whether each object in which something may be masked has, or is in one that has, the field that tells it."""
    if MASKED in schema.fields:
        return True
    own = [field for field in schema.fields.values() if _inner(field) is None]
    if any(field.metadata.get("hidden", field.metadata.get("personal", False)) for field in own):
        return False
    inner = [each for each in map(_inner, schema.fields.values()) if each is not None]
    return all(_tells(each) for each in inner if _may_be_masked(each))


@pytest.mark.parametrize("service", WITH_APP, ids=lambda service: service.name)
def test_every_action_and_every_answer_about_a_person_is_in_the_audit_log(service: Service) -> None:
    for rule, methods, view in _routes(_app(service)):
        audit = audit_of(view)
        tells = any(_may_be_masked(schema()) for schema in answer_schemas(view).values())
        if methods - _READING or (tells and service.name not in ABOUT_STAFF):
            assert audit, f"{methods} {rule}: say @audited(action), or @not_audited(why)"
        if isinstance(audit, Audit):
            assert audit.action.startswith(f"{service.name}."), audit.action
            assert len(audit.action.split(".")) == 3, audit.action
            assert audit.subject is None or f"<{audit.subject}>" in rule, f"{rule} has no {audit.subject}"
