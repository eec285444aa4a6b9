"""What tests of a customer's page do besides looking: customers, second editors, services that fail."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from servicekit.errors import Unavailable
from tests.console.conftest import Site
from tests.console.pages import Pages
from tests.e2e.system import Api

if TYPE_CHECKING:
    from playwright.sync_api import Page


def second_editor(site: Site) -> Api:
    """Somebody else of the same publisher, who edits over the API."""
    return site.system.staff(site.editor.publisher_id, "agent")


def new_customer(site: Site, **fields: Any) -> str:
    """The ID of a customer with an address of their own."""
    given = {"email": f"anna-{secrets.token_hex(4)}@example.com", "first_name": "Anna", "last_name": "Müller", **fields}
    return str(second_editor(site).create(**given)["id"])


@contextmanager
def failing(site: Site, service: str) -> Iterator[None]:
    """Meanwhile this service can't answer."""

    def refuse() -> None:
        raise Unavailable("The database doesn't answer right now.")

    hooks = site.system.assembly.apps[service].before_request_funcs.setdefault(None, [])
    hooks.append(refuse)
    try:
        yield
    finally:
        hooks.remove(refuse)


def opened(site: Site, pages: Pages, customer_id: str) -> Page:
    """A customer's page, once the customer is on it."""
    page = pages.signed_in(site.editor, f"/console/customers/{customer_id}")
    page.locator(".summary-name").wait_for()
    return page


def open_edit(page: Page) -> None:
    """Open the dialog that edits."""
    page.locator(".summary-actions > .btn").click()
    page.get_by_label("First name").wait_for()


def drafts(page: Page) -> list[str]:
    """What is kept in the tab of what was typed."""
    return list(page.evaluate("Object.entries(sessionStorage).map(([key, value]) => `${key} ${value}`)"))


def focused(page: Page) -> str:
    """What has the focus: its ID, name or text."""
    return str(
        page.evaluate("(e => e.id || e.name || e.getAttribute('aria-label') || e.innerText)(document.activeElement)")
    )
