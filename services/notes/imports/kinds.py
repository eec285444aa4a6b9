"""What this service imports."""

from __future__ import annotations

from functools import partial

from servicekit.imports.kinds import Imports, Kind
from services.notes.imports.headings import NOTES
from services.notes.imports.models import TABLES
from services.notes.imports.rows import read_notes
from services.notes.imports.working import work_on_notes
from services.notes.staff_desk import NoStaff, StaffDesk


def note_imports(staff: StaffDesk) -> Imports:
    """Imports whose authors are looked for among the ``staff``."""
    return Imports("notes", TABLES, {"notes": Kind(NOTES, partial(read_notes, staff), work_on_notes)})


IMPORTS = note_imports(NoStaff())
"""For what only takes files in, which is done without looking at their rows."""
