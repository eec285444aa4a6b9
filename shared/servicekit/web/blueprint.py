"""Blueprints whose input is read strictly."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema

from servicekit.web.json_body import StrictParser


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
