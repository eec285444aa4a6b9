"""Pages of the console as tests open them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from servicekit import clock
from services.identity.actions import create_api_key, create_publisher
from services.identity.roles import PUBLISHER_SCOPES
from tests.e2e.system import System

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

PASSWORD = "correct horse battery staple"
PATIENCE = 10_000.0


@dataclass(frozen=True)
class Staff:
    """Somebody who can sign in."""

    email: str
    publisher_id: str
    api_key: str
    password: str = PASSWORD

    @classmethod
    def of_new_publisher(cls, system: System) -> Staff:
        """The owner of a publisher of its own."""
        now, email = clock.now(), f"owner-{secrets.token_hex(4)}@example.com"
        with system.assembly.databases["identity.app"].transaction() as session:
            owner = create_publisher(
                session,
                name="Example Media",
                owner_email=email,
                owner_name="Olivia Owner",
                password=PASSWORD,
                now=now,
            )
            _key, api_key = create_api_key(
                session,
                publisher_id=owner.publisher_id,
                name="Test key",
                scopes=PUBLISHER_SCOPES,
                grantable=frozenset(PUBLISHER_SCOPES),
                created_by=owner.id,
                now=now,
            )
        return cls(email, owner.publisher_id, api_key)


@dataclass
class Pages:
    """Opens pages, each in a browser of its own without cookies, and notes what is said in their consoles.

    ``expected`` are beginnings of messages that a test provokes; those that came are ``provoked``.
    """

    browser: Browser
    url: str
    messages: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    provoked: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, path: str = "/console/", **options: Any) -> Page:
        """A page of somebody who has never been here; ``options`` as playwright's ``new_context`` takes them."""
        given = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", "timezone_id": "Europe/Berlin"}
        context = self.browser.new_context(**{**given, **options})
        context.set_default_timeout(PATIENCE)
        context.on("console", self._note)
        context.on("weberror", lambda error: self.messages.append(str(error.error)))
        self.contexts.append(context)
        page = context.new_page()
        page.goto(self.url + path)
        return page

    def signed_in(self, staff: Staff, path: str = "/console/customers", **options: Any) -> Page:
        """A page of somebody who has just signed in."""
        page = self.open(path, **options)
        sign_in(page, staff)
        page.wait_for_url(f"**{path}")
        return page

    def close(self) -> None:
        """Close all of them."""
        for context in self.contexts:
            context.close()

    def _note(self, message: ConsoleMessage) -> None:
        if any(message.text.startswith(known) for known in self.expected):
            self.provoked.append(message.text)
        else:
            self.messages.append(f"{message.type}: {message.text} ({message.location.get('url')})")


def sign_in(page: Page, staff: Staff) -> None:
    """Fill in the sign-in page."""
    page.get_by_label("Email address").fill(staff.email)
    page.get_by_label("Password").fill(staff.password)
    page.get_by_role("button", name="Sign in").click()
