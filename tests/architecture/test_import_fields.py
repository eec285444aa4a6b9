"""The console's import pages offer the very fields that the services take."""

from __future__ import annotations

import pytest

from services.billing.imports.kinds import IMPORTS
from services.console.import_kinds import BILLING, KINDS, NOTES, Kind
from services.notes.imports.kinds import IMPORTS as NOTE_IMPORTS

KINDS_TAKEN = {**IMPORTS.kinds, **NOTE_IMPORTS.kinds}


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS.values() if kind.service in (BILLING, NOTES)], ids=lambda kind: kind.name
)
def test_what_a_column_can_become_is_what_the_service_takes(kind: Kind) -> None:
    # SOURCE stands for whatever source an ID has: that is typed, not chosen.
    taken = {field for field in KINDS_TAKEN[kind.name].vocabulary.fields if not field.endswith(".SOURCE")}
    assert {field for field, _ in kind.choices} == taken
    assert {default.field for default in kind.defaults} <= taken
    assert {line.rpartition("=")[2] for line in kind.example} - {""} <= taken
    assert kind.constant_example.partition("=")[0] in taken


def test_the_console_offers_every_kind() -> None:
    assert {kind.name for kind in KINDS.values() if kind.service in (BILLING, NOTES)} == set(KINDS_TAKEN)
