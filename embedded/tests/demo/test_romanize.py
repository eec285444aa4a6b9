"""Names as people write them in email addresses."""

from __future__ import annotations

import pytest

from embedded.demo.names import FOLDER, names_of
from embedded.demo.romanize import romanize


@pytest.mark.parametrize(
    ("text", "language", "roman"),
    [
        ("Jürgen", "de", "juergen"),
        ("Weiß", "de", "weiss"),
        ("Göran", "sv", "goran"),
        ("Søren", "da", "soeren"),
        ("Bjørn", "nb", "bjorn"),
        ("Łukasz", "pl", "lukasz"),
        ("Işıl İnci", "tr", "isilinci"),
        ("O'Brien", "en", "obrien"),
        ("Jean-Pierre", "fr", "jeanpierre"),
        ("Nguyễn Thị Đào", "vi", "nguyenthidao"),
        ("Юлія Згурський", "uk", "iuliiazhurskyi"),
        ("Щедрин", "ru", "shchedrin"),
        ("Лъчезар", "bg", "lachezar"),
        ("Παρασκευή Αύρου", "el", "paraskeviavrou"),
        ("Παπαϊωάννου", "el", "papaioannou"),
        ("山田", "ja", ""),
    ],
)
def test_after_the_custom_of_the_language(text: str, language: str, roman: str) -> None:
    assert romanize(text, language) == roman


@pytest.mark.parametrize("language", sorted(path.stem for path in FOLDER.glob("*.toml")))
def test_every_name_of_the_tables_can_be_written_so(language: str) -> None:
    names = names_of(language)
    for given in names.given:
        assert len(given.values) >= 70
        assert not [name for name in given.values if not name.roman.isascii() or not name.roman]
    assert len(names.families.values) >= 60
    assert not [pair for pair in names.families.values if not all(name.roman and name.roman.isascii() for name in pair)]


@pytest.mark.parametrize(
    ("language", "man", "woman"),
    [
        ("pl", "Kowalski", "Kowalska"),
        ("pl", "Nowak", "Nowak"),
        ("cs", "Novák", "Nováková"),
        ("cs", "Procházka", "Procházková"),
        ("cs", "Veselý", "Veselá"),
        ("cs", "Hájek", "Hájková"),
        ("cs", "Krejčí", "Krejčí"),
        ("ru", "Иванов", "Иванова"),
        ("ru", "Достоевский", "Достоевская"),
        ("uk", "Левицький", "Левицька"),
        ("uk", "Шевченко", "Шевченко"),
        ("bg", "Димитров", "Димитрова"),
        ("el", "Παπαδόπουλος", "Παπαδοπούλου"),
        ("el", "Γεωργίου", "Γεωργίου"),
        ("en", "Smith", "Smith"),
    ],
)
def test_women_have_the_feminine_form(language: str, man: str, woman: str) -> None:
    assert (woman, man) in {(pair[0].text, pair[1].text) for pair in names_of(language).families.values}
