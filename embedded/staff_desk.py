"""Identity asked directly, where it is in the same process as the notes service."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from servicekit.db.database import Database
from services.identity.queries.staff import staff_by_emails
from services.notes.staff_desk import StaffMember


class StaffInProcess:
    """``database`` is identity's, as the role ``app``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, publisher_id: str, emails: Collection[str]) -> Mapping[str, StaffMember]:
        """The publisher's staff by their addresses."""
        with self._database.transaction(publisher_id) as session:
            found = staff_by_emails(session, publisher_id=publisher_id, emails=emails)
        return {each["email"]: StaffMember(each["id"], each["name"]) for each in found}
