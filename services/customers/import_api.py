"""The addresses of imports: the kit's, for files of customers."""

from __future__ import annotations

from servicekit.imports.routes import ImportSite, import_blueprint
from services.customers.imports.kinds import IMPORTS

_TABLE = "External ID,Email,First Name,Country\nC-10042,anna@example.com,Anna,DE\n"
_OBJECTS = '{"external_id": "C-10042", "email": "anna@example.com", "first_name": "Anna", "country": "DE"}\n'
_BAD_TABLE = "row,column,reason,External ID,Email\n7,Email,Not a valid email address.,C-10048,anna.example.com\n"
_BAD_OBJECTS = '{"row": 7, "column": "email", "reason": "Not a valid email address.", "email": "anna.example.com"}\n'

blueprint = import_blueprint(
    ImportSite(
        imports=IMPORTS,
        path="/v1/customers/imports",
        scope="customers:import",
        tag="imports",
        description="Customers from files.",
        table=_TABLE,
        objects=_OBJECTS,
        bad_table=_BAD_TABLE,
        bad_objects=_BAD_OBJECTS,
    )
)
