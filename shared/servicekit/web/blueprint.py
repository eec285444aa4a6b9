"""Blueprints whose input is read strictly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema

from servicekit.web.json_body import StrictParser
from servicekit.web.presenting import answer_schemas


class ServiceBlueprint(Blueprint):
    """flask-smorest's blueprint with our parser: unknown fields and parameters are refused, and bad JSON says where."""

    ARGUMENTS_PARSER = StrictParser()

    def arguments(self, schema: type[Schema] | Schema, **options: Any) -> Any:
        """As flask-smorest's, but a body that is ``required`` must be there.

        The schema is built once: for each request it would cost more than using it.
        """
        built = schema() if isinstance(schema, type) else schema
        if not options.get("required", True):
            self.ARGUMENTS_PARSER.allow_absence(built)
        return super().arguments(built, **options)

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Any:
        """As flask-smorest's. The view then also says by which schema its answer is masked."""
        return _answering(status_code, schema, super().response(status_code, schema, **options))

    def alt_response(self, status_code: int, response: Any = None, **options: Any) -> Any:
        """As flask-smorest's. The view then also says by which schema its answer is masked."""
        declared = super().alt_response(status_code, response, **options)
        return _answering(status_code, options.get("schema"), declared)


def _answering(status: int, schema: Any, declare: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(view: Any) -> Any:
        declared = declare(view)
        if isinstance(schema, type) and issubclass(schema, Schema):
            declared.answer_schemas = {**answer_schemas(declared), int(status): schema}
        return declared

    return decorate
