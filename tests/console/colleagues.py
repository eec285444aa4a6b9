"""Further staff of a publisher, added over the API as its owner would."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx2

from tests.console.conftest import Site
from tests.console.pages import Staff

_OWN_PASSWORD = "three green bicycles at dawn"


def colleague(site: Site, owner: Staff, role: str) -> Staff:
    """Somebody of this role, who has set a password of their own."""
    email = owner.email.replace("owner", role.replace("_", "-"))
    made = _post(site, owner, "staff", {"email": email, "name": role.capitalize(), "role": role})
    temporary = replace(owner, email=email, password=made["temporary_password"])
    _post(site, temporary, "me/password", {"current_password": temporary.password, "new_password": _OWN_PASSWORD})
    return replace(temporary, password=_OWN_PASSWORD)


def signs_in(site: Site, email: str, password: str) -> bool:
    """Whether these open a session."""
    body = {"email": email, "password": password}
    return httpx2.post(f"{site.url}/v1/identity/token", json=body).status_code == 200


def _post(site: Site, who: Staff, path: str, body: dict[str, Any]) -> Any:
    with httpx2.Client(base_url=f"{site.url}/v1/identity/") as client:
        signed_in = client.post("token", json={"email": who.email, "password": who.password})
        assert signed_in.is_success, signed_in.text
        session = signed_in.json()
        answer = client.post(path, json=body, headers={"Authorization": f"Bearer {session['access_token']}"})
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None
