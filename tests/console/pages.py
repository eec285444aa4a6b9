"""Pages of the console as tests open them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from servicekit import clock
from services.identity.actions import create_publisher
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
    password: str = PASSWORD

    @classmethod
    def of_new_publisher(cls, system: System) -> Staff:
        """The owner of a publisher of its own."""
        unique = secrets.token_hex(4)
        email = f"owner-{unique}@example.com"
        with system.assembly.databases["identity.app"].transaction() as session:
            owner = create_publisher(
                session,
                name=f"Publisher {unique}",
                owner_email=email,
                owner_name="Olivia Owner",
                password=PASSWORD,
                now=clock.now(),
            )
        return cls(email, owner.publisher_id)


@dataclass
class Pages:
    """Opens pages, each in a browser of its own without cookies, and notes what is said in their consoles.

    ``expected`` are beginnings of messages that a test provokes.
    """

    browser: Browser
    url: str
    messages: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
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
        if not any(message.text.startswith(known) for known in self.expected):
            self.messages.append(f"{message.type}: {message.text} ({message.location.get('url')})")


def sign_in(page: Page, staff: Staff) -> None:
    """Fill in the sign-in page."""
    page.get_by_label("Email address").fill(staff.email)
    page.get_by_label("Password").fill(staff.password)
    page.get_by_role("button", name="Sign in").click()
