"""The kit is mechanism: it knows subjects, publishers and events, and no business."""

from __future__ import annotations

import re

import pytest

from tests.architecture.sources import named, own_files

_DOMAIN = {
    "anonymize", "anonymized", "billing", "birthdate", "buyer", "currency", "customer", "customers", "email",
    "emails", "invoice", "invoices", "mail", "mails", "newsletter", "notification", "notifications", "offer",
    "payment", "payments", "postal", "refund", "refunds", "staffs", "street", "stripe", "surname", "tax",
}  # fmt: skip


def words_of(text: str) -> set[str]:
    """The words in code and prose: identifiers are taken apart, ``customerId`` and ``customer_id`` alike."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)}


@pytest.mark.parametrize("text", ["customer_id", "theCustomer", "CUSTOMER_ID", "# a customer's name"])
def test_a_domain_word_is_seen_in_any_spelling(text: str) -> None:
    assert words_of(text) & _DOMAIN


def test_the_kit_speaks_of_no_business() -> None:
    kit = [path for path in own_files(".py") if named(path).startswith("shared/servicekit/")]
    assert len(kit) > 30
    found = {
        named(path): sorted(words)
        for path in kit
        if "tests" not in path.parts and (words := words_of(path.read_text("utf-8")) & _DOMAIN)
    }
    assert found == {}
