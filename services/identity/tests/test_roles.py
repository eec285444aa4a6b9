"""Who may do what, against the table of rights as people read it."""

from __future__ import annotations

import pytest

from services.identity.roles import PUBLISHER_SCOPES, ROLES

# From the requirements (R), by hand. "masked": read, but nothing personal.
RIGHTS = """
                                          owner  admin  agent  viewer  viewer_no_pii
    search, read                          yes    yes    yes    yes     masked
    edit customer                         yes    yes    yes    no      no
    anonymize, import                     yes    yes    no     no      no
    staff, API keys, settings             yes    yes    no     no      no
    who one is, one's publisher           yes    yes    yes    yes     yes
"""
SCOPES = {
    "search, read": {
        "customers:read",
        "billing:read",
        "notes:read",
        "notifications:read",
        "search:read",
        "personal:read",
    },
    "edit customer": {"customers:write", "billing:write", "notes:write", "notifications:write"},
    "anonymize, import": {"customers:anonymize", "customers:import", "billing:import", "notes:import"},
    "staff, API keys, settings": {
        "identity:manage",
        "billing:manage",
        "notes:manage",
        "notifications:manage",
        "notifications:bounces",
    },
    "who one is, one's publisher": {"identity:read"},
}


def _cells() -> list[tuple[str, str, str]]:
    head, *lines = RIGHTS.strip().splitlines()
    found = []
    for line in lines:
        words = line.split()
        given = words[-len(head.split()) :]
        right = " ".join(words[: -len(given)])
        found += [(right, role, cell) for role, cell in zip(head.split(), given, strict=True)]
    return found


@pytest.mark.parametrize(("right", "role", "cell"), _cells())
def test_a_role_has_what_the_table_says(right: str, role: str, cell: str) -> None:
    scopes = SCOPES[right]
    if cell == "yes":
        assert scopes <= ROLES[role]
    elif cell == "masked":
        assert "personal:read" not in ROLES[role]
    else:
        assert not scopes & ROLES[role]


def test_the_table_is_whole() -> None:
    assert {role for _right, role, _cell in _cells()} == set(ROLES)
    assert set().union(*SCOPES.values()) == set(PUBLISHER_SCOPES)
    assert {right for right, _role, _cell in _cells()} == set(SCOPES)
