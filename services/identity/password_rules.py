"""What a password must be like, and making one up."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1000
_FEWEST_CHARACTERS = 5
# Neither letters that look alike nor vowels, of which words are made.
_ALPHABET = "23456789bcdfghjkmnpqrstvwxz"
# What remains of the well-known ones, and of those made of them, without digits and signs at either end.
_COMMON = frozenset({
    "password", "passwort", "passw0rd", "p@ssword", "p@ssw0rd", "pa$$word", "passwordpassword", "motdepasse",
    "contraseña", "contrasena", "wachtwoord", "letmein", "letmeinplease", "welcome", "welcomeback", "changeme",
    "changemenow", "changeit", "secret", "topsecret", "admin", "administrator", "iloveyou", "iloveyouso",
    "iloveyouforever", "trustno", "sunshine", "princess", "dragon", "monkey", "football", "baseball", "superman",
    "batman", "master", "mypassword", "mypasswordis", "thisismypassword", "newpassword", "defaultpassword",
    "temporary", "temppassword", "qwerty", "qwertyuiop", "qwertyuiopasdf", "qwertyuiopasdfghjkl", "qwertzuiop",
    "azertyuiop", "asdfghjkl", "asdfghjklzxcvbnm", "zxcvbnm", "qazwsxedc", "qazwsxedcrfv", "1qaz2wsx3edc",
    "qaz2wsx3edc", "q1w2e3r4t5y", "qweasdzxc", "abcdefghijkl", "abcdefghijklm", "abcdef", "abcd",
    "correcthorsebatterystaple", "customeraccounts",
})  # fmt: skip


def weakness(password: str, *, about: Iterable[str] = ()) -> str | None:
    """Why this password is too easy to guess, in a sentence; None if it isn't.

    ``about`` is what others know of the person: email address and name.
    """
    if len(password) < SHORTEST_PASSWORD:
        return f"Must have {SHORTEST_PASSWORD} characters or more."
    if len(password) > LONGEST_PASSWORD:
        return f"Must have {LONGEST_PASSWORD} characters or fewer."
    if len(set(password.casefold())) < _FEWEST_CHARACTERS:
        return f"Must have {_FEWEST_CHARACTERS} different characters or more."
    if _core(password) in _known(about):
        return "Must not be the email address or the name, whatever digits and signs are added."
    if _folded(password) in _COMMON or _core(password) in _COMMON or not _core(password):
        return "Must not be a common one, nor only digits and signs."
    return None


def temporary_password() -> str:
    """A random password that can be read out and typed: four groups, 95 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def _folded(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).casefold())


def _core(text: str) -> str:
    """What stays of it without spaces, and without digits and signs at either end."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", _folded(text))


def _known(about: Iterable[str]) -> set[str]:
    known = set()
    for text in about:
        words = [text, text.partition("@")[0], *text.split()]
        known |= {_core(word) for word in words}
    return known - {""}
