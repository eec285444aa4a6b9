"""Publishers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.db.database import bind_publisher
from servicekit.ids import new_id
from services.identity.credentials import hash_password
from services.identity.errors import EmailTaken
from services.identity.models import Publisher, Staff
from services.identity.queries.staff import email_key
from services.identity.roles import OWNER


def create_publisher(
    session: Session, *, name: str, owner_email: str, owner_name: str, password: str, now: datetime
) -> Staff:
    """Create a publisher with its owner, who signs in with this address and password.

    For a transaction of the role ``app`` that has no publisher yet: it is bound to the new one. Answers the owner.
    Raises EmailTaken.
    """
    publisher_id = new_id("pub")
    bind_publisher(session, publisher_id)
    session.add(Publisher(publisher_id=publisher_id, name=name, created_at=now))
    session.flush()
    values = {
        "id": new_id("stf"),
        "publisher_id": publisher_id,
        "email": owner_email,
        "email_key": email_key(owner_email),
        "name": owner_name,
        "role": OWNER,
        "password_hash": hash_password(password),
        "created_at": now,
    }
    # Not looked up before: row level security hides the staff of other publishers, the unique index does not.
    statement = insert(Staff).values(values).on_conflict_do_nothing(index_elements=["email_key"]).returning(Staff)
    owner = session.scalars(statement).one_or_none()
    if owner is None:
        raise EmailTaken
    return owner
