"""Blueprints whose input is read strictly."""

from __future__ import annotations

from flask_smorest import Blueprint

from servicekit.web.json_body import StrictParser


class ServiceBlueprint(Blueprint):
    """flask-smorest's blueprint with our parser: unknown fields and parameters are refused, and bad JSON says where."""

    ARGUMENTS_PARSER = StrictParser()
