"""Taking a person out of what imports keep, and keeping them out of what still waits."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from servicekit.imports.keeping import forget_in_rows
from servicekit.imports.tables import OPEN
from services.notes.imports.customers import identity_of
from services.notes.imports.models import TABLES, ImportedNote, NoteImport
from services.notes.imports.rows import BY_ID
from services.notes.models import Customer, ExternalId, Note

_GONE = "The person was anonymized: the row is gone."


def forget_in_imports(session: Session, customer: Customer) -> None:
    """Blank the rejected rows that speak of this person, and let no waiting row bring the person back.

    The caller keeps others from taking in anything of this person's. To be called while it is still known by what
    names the person is known.
    """
    publisher_id, customer_id = customer.publisher_id, customer.customer_id
    theirs = (ExternalId.publisher_id == publisher_id, ExternalId.customer_id == customer_id)
    names = [(row.source, row.external_id) for row in session.scalars(select(ExternalId).where(*theirs))]
    emails = [] if customer.email_key is None else [customer.email_key]
    notes = select(Note.id).where(Note.publisher_id == publisher_id, Note.customer_id == customer_id)
    session.execute(delete(ImportedNote).where(ImportedNote.note_id.in_(notes)))
    waiting = select(NoteImport.id).where(NoteImport.publisher_id == publisher_id, NoteImport.status.in_(OPEN))
    known_by = [*names, *(("email", email) for email in emails), (BY_ID, customer_id)]
    forget_in_rows(
        session,
        TABLES,
        publisher_id=publisher_id,
        open_imports=session.scalars(waiting).all(),
        identities=[identity_of(who) for who in known_by],
        values=[customer_id, *(external_id for _, external_id in names)],
        telling=emails,
        reason=_GONE,
    )
