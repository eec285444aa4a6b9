"""The addresses of imports: the kit's, for files of notes."""

from __future__ import annotations

from servicekit.imports.routes import ImportSite, import_blueprint
from services.notes.imports.kinds import IMPORTS

_TABLE = "Note ID,Email,Text,Author,Date\nN-17,anna@example.com,Prefers to be called.,Kim Okafor,2026-03-12 09:30\n"
_OBJECTS = (
    '{"external_id": "N-17", "customer_email": "anna@example.com", "text": "Prefers to be called.", '
    '"author": "Kim Okafor", "created_at": "2026-03-12T09:30:00Z", "flags": ["vip"]}\n'
)
_BAD_TABLE = (
    "row,column,reason,Note ID,Email,Text\n"
    "7,Email,No customer is known by this. Import the customers first.,N-23,bo@example.com,Called.\n"
)
_BAD_OBJECTS = (
    '{"row": 7, "column": "flags", "reason": "\'gold\' is not one of your publisher\'s flags.", "text": "Called.", '
    '"flags": ["gold"]}\n'
)

blueprint = import_blueprint(
    ImportSite(
        imports=IMPORTS,
        path="/v1/notes/imports",
        scope="notes:import",
        tag="note imports",
        description="Notes from files.",
        noun="note_import",
        table=_TABLE,
        objects=_OBJECTS,
        bad_table=_BAD_TABLE,
        bad_objects=_BAD_OBJECTS,
    )
)
