"""Plain addresses take a shorter way; it leads where email-validator's does."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st
from marshmallow import ValidationError

from services.customers.schemas import Email

FIELD = Email(max_length=254)
_LOCAL = st.one_of(
    st.text("abz09._+-", min_size=1, max_size=12),
    st.text("aZ.!\"' ü@", min_size=1, max_size=6),
    st.integers(60, 70).map(lambda length: "a" * length),
)
_LABEL = st.one_of(
    st.text("abz09-", min_size=1, max_size=8),
    st.text("aZü_\u3002\u2488", min_size=1, max_size=4),
    st.integers(60, 66).map(lambda length: "b" * length),
    st.sampled_from(["xn--mnchen-3ya", "xn--", "ab--cd", "localhost", "test", "example", "onion", "invalid", ""]),
)
_DOMAIN = st.lists(_LABEL, min_size=1, max_size=5).map(".".join)


@given(_LOCAL, _DOMAIN)
@example("anna", "example.com")
@example("postmaster", "example.com")
@example("a", ".".join(["b" * 60] * 3 + ["com"]))
@example("a" * 64, ".".join(["b" * 61] * 3 + ["com"]))
@example("a" * 65, "example.com")
@example("a..b", "example.com")
@example(".a", "example.com")
@example("a", "example")
@example("a", "example.com.")
@example("a", "-example.com")
@example("a", "example..com")
@example("a", "127.0.0.1")
@example("a", "xn--mnchen-3ya.de")
def test_an_address_is_what_email_validator_makes_of_it(local: str, domain: str) -> None:
    address = f"{local}@{domain}".strip()
    try:
        expected = validate_email(address, check_deliverability=False, test_environment=True).normalized
    except (EmailNotValidError, ValueError):
        with pytest.raises(ValidationError):
            FIELD.deserialize(address)
    else:
        if len(address) <= 254:
            assert FIELD.deserialize(address) == expected
            assert FIELD.deserialize(address) == expected  # the second time from memory


@pytest.mark.parametrize("address", ["anna@münchen.de", "anna@xn--mnchen-3ya.de", "Anna@München.DE"])
def test_a_domain_is_kept_in_its_own_script(address: str) -> None:
    assert FIELD.deserialize(address).casefold() == "anna@münchen.de"


@pytest.mark.parametrize("address", ["anna@example", "a..b@example.com", "anna@ab--cd.com"])
def test_what_is_wrong_is_told_each_time(address: str) -> None:
    for _ in range(2):
        with pytest.raises(ValidationError, match="Not a valid email address: "):
            FIELD.deserialize(address)
