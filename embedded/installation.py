"""Where an installation keeps its things: databases, roles and passwords derived from one secret."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from servicekit.db.migrate import migrate, newest_version, present_version
from servicekit.db.roles import PARTS, DatabaseUrls, provision, role_name
from services.billing import app as billing
from services.customers import app as customers
from services.identity import app as identity
from services.notes import app as notes
from services.notifications import app as notifications
from services.search import app as search

MIGRATIONS: dict[str, Path] = {
    identity.SERVICE: identity.MIGRATIONS,
    customers.SERVICE: customers.MIGRATIONS,
    billing.SERVICE: billing.MIGRATIONS,
    notes.SERVICE: notes.MIGRATIONS,
    search.SERVICE: search.MIGRATIONS,
    notifications.SERVICE: notifications.MIGRATIONS,
}
QUEUE_DATABASE = "queue"


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation on one PostgreSQL server.

    ``admin_url`` needs CREATEDB and CREATEROLE. ``secret`` is this installation's own: whoever has it has everything.
    """

    admin_url: str
    secret: str
    prefix: str = "accounts_"

    def derived_secret(self, purpose: str) -> str:
        """A secret for one purpose, the same at every start."""
        return hmac.new(self.secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()

    def urls(self, service: str) -> DatabaseUrls:
        """The service's database, as each of its roles."""
        return DatabaseUrls(**{part: self._url(service, part) for part in PARTS})

    def prepare(self, services: Iterable[str] = (*MIGRATIONS, QUEUE_DATABASE)) -> None:
        """Create or migrate every database; doing it again changes nothing."""
        for service in services:
            if self._is_current(service):
                continue
            database = self.prefix + service
            passwords = {part: self.derived_secret(role_name(database, part)) for part in PARTS}
            provision(self.admin_url, database, passwords)
            if service in MIGRATIONS:
                migrate(self.urls(service).migrate, MIGRATIONS[service])

    def _is_current(self, service: str) -> bool:
        """Whether nothing is to be done, told cheaply: it is asked at every start."""
        try:
            present = present_version(self.urls(service).migrate)
        except Exception:  # noqa: BLE001 - the role or database isn't there yet, or can't be reached: provisioning tells
            return False
        return service not in MIGRATIONS or present == newest_version(MIGRATIONS[service])

    def _url(self, service: str, part: str) -> str:
        database = self.prefix + service
        role = role_name(database, part)
        url = make_url(self.admin_url).set(database=database, username=role, password=self.derived_secret(role))
        return url.render_as_string(hide_password=False)
