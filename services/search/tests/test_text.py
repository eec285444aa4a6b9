"""The normalizer: what a value is found by."""

# ruff: noqa: RUF001 - letters of many scripts, on purpose

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search import text
from services.search.folding import fold, storable
from services.search.regions import other_names
from services.search.text import Kind
from services.search.typos import deletion_keys, forgiven, within, word_keys


@pytest.mark.parametrize(
    ("value", "spellings"),
    [
        ("Müller", {"muller", "mueller"}),
        ("Mu\u0308ller", {"muller", "mueller"}),
        ("Łukasz Đặng", {"lukasz dang"}),
        ("Straße", {"strasse"}),
        ("Søren Kjær", {"soren kjaer", "soeren kjaer"}),
        ("Åse", {"ase", "aase"}),
        ("Þórður", {"thordur", "thoerdur"} & {"thordur"}),
        ("İstanbul Iğdır ısı", {"istanbul igdir isi"}),
        ("ＦＵＬＬ　ｗｉｄｔｈ", {"full width"}),
        ("ﬁancé", {"fiance"}),
        ("Ёлка Чайковский", {"елка чаиковскии"}),
        ("ΟΔΥΣΣΕΎΣ οδυσσεύς", {"οδυσσευσ οδυσσευσ"}),
        ("أَحْمَد الـمصرى", {"احمد المصري"}),
        ("שָׁלוֹם", {"שלומ"}),
        ("हिन्दी", {"हिन्दी"}),
        ("ज़रा", {"जरा"}),
        ("தமிழ்", {"தமிழ்"}),
        ("ｽｽﾞｷ スズキ すずき", {"すずき すずき すずき"}),
        ("か が", {"か が"}),
        ("한국", {"한국"}),
        ("ก็น้ำ", {"\u0e01\u0e47\u0e19\u0e49\u0e4d\u0e32"}),
        ("٠١٢ ०१२ ０１２", {"012 012 012"}),
        ("a\u200bb\u00adc\u202ed", {"abcd"}),
        ("a\x00b\x1bc", {"abc"}),
        (" a\t\n\u2003b ", {"a b"}),
        ("\ud800a\udfff", {"a"}),
        ("a\ufe0f", {"a"}),
    ],
)
def test_folding(value: str, spellings: set[str]) -> None:
    assert set(fold(value)) == spellings


@given(st.text(max_size=60))
def test_folding_what_is_folded_changes_nothing(value: str) -> None:
    for spelling in fold(value):
        assert spelling in fold(spelling)


@given(st.text(max_size=60))
def test_case_makes_no_difference_to_who_is_found(value: str) -> None:
    for other in (value.upper(), value.lower()):
        if other.casefold() == value.casefold():
            assert set(text.query_forms(other)) == set(text.query_forms(value))


@given(st.text(max_size=30))
def test_a_single_word_is_found_by_itself(value: str) -> None:
    if len(text.words_typed(value)) == 1 and len(text.words_typed(fold(value)[0])) == 1:
        for tokens in (text.word_tokens(value), text.identifier_tokens(value), text.code_tokens(value)):
            assert not tokens or set(text.query_forms(value)) & set(tokens)


@given(st.text(max_size=2_000))
def test_tokens_are_bounded_storable_and_without_space(value: str) -> None:
    makers = (text.word_tokens, text.email_tokens, text.identifier_tokens, text.key_tokens, text.code_tokens)
    for tokens in (*(make(value) for make in makers), text.full_name_tokens(value[:20], value[20:40])):
        assert len(tokens) <= text.MAX_TOKENS
        for token in tokens:
            assert 0 < len(token) <= text.MAX_TOKEN_LENGTH
            assert storable(token) == token
            assert not any(character.isspace() for character in token)


def words(value: str) -> set[str]:
    return {token for token, kind in text.word_tokens(value).items() if kind is Kind.WORD}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("O'Brien", {"obrien", "o", "brien"}),
        ("O’Brien", {"obrien", "o", "brien"}),
        ("Jean-Luc", {"jeanluc", "jean", "luc"}),
        ("Mary Ann", {"mary", "ann", "maryann"}),
        (
            "Saint-Jean sur Mer",
            {"saint", "jean", "sur", "mer", "saintjean", "jeansur", "surmer", "saintjeansurmer", "saintjeansur"},
        ),
        ("Smith,Anna", {"smith", "anna", "smithanna"}),
        ("N'Djamena", {"ndjamena", "n", "djamena"}),
        ("Sanʿaʾ", {"sana", "san", "a"}),
        ("...", set()),
        ("", set()),
    ],
)
def test_words(value: str, expected: set[str]) -> None:
    assert words(value) == expected


def test_scripts_without_spaces_are_found_from_each_character_on() -> None:
    assert text.word_tokens("千代田区") == {
        "千代田区": Kind.WORD, "代田区": Kind.PART, "田区": Kind.PART, "区": Kind.PART,
    }  # fmt: skip
    tokens = text.word_tokens("ABC株式会社")
    assert {token for token, kind in tokens.items() if kind is Kind.WORD} == {"abc株式会社", "abc", "株式会社"}
    assert tokens["会社"] is Kind.PART


def test_full_names_are_written_together_in_both_orders() -> None:
    tokens = text.full_name_tokens("小明", "王")
    assert {token for token, kind in tokens.items() if kind is Kind.WORD} == {"王小明", "小明王"}
    assert set(text.full_name_tokens("Anna", "Müller")) == {"annamuller", "mulleranna", "annamueller", "muelleranna"}
    assert set(text.full_name_tokens("小明", "Smith")) == {"小明smith", "smith小明"}
    assert text.full_name_tokens("小明", "") == {}
    assert text.full_name_tokens("", "Smith") == {}


def test_email() -> None:
    tokens = text.email_tokens("Anna.Smith+News@Mail.Example.co.uk")
    assert {token for token, kind in tokens.items() if kind is Kind.WHOLE} == {"anna.smith+news@mail.example.co.uk"}
    assert {token for token, kind in tokens.items() if kind is Kind.WORD} == {
        "anna.smith+news", "anna", "smith", "news", "mail.example.co.uk", "mail", "example", "co",
    }  # fmt: skip


def test_identifiers_and_codes() -> None:
    assert text.identifier_tokens("Auth0|AB-12") == {"auth0|ab-12": Kind.WHOLE, "auth0ab12": Kind.WHOLE}
    assert text.identifier_tokens("AB 12") == {"ab12": Kind.WHOLE, "ab": Kind.WORD, "12": Kind.WORD}
    assert text.key_tokens("cus_06gw") == {"cus_06gw": Kind.KEY, "06gw": Kind.KEY}
    assert text.code_tokens("sw1a 1AA") == {"sw1a1aa": Kind.WORD, "sw1a": Kind.WORD, "1aa": Kind.WORD}


def test_query_forms() -> None:
    assert text.query_forms("Jean-Luc,") == ("jean-luc", "jeanluc")
    assert text.query_forms("MÜLLER") == ("muller", "mueller")
    assert text.query_forms("***") == ()
    assert len(text.query_forms("x" * 100_000)[0]) == text.MAX_TOKEN_LENGTH


def test_hundred_kilobytes_take_milliseconds() -> None:
    for value in ("x" * 100_000, "ü " * 50_000, "王" * 100_000, "\u0301" * 100_000, "\ufdfa" * 100_000, "-" * 100_000):
        before = time.process_time()
        text.word_tokens(value)
        text.email_tokens(value)
        text.query_forms(value)
        assert time.process_time() - before < 0.1


@pytest.mark.parametrize(
    ("state", "country", "also"),
    [
        ("CA", "US", "California"),
        ("california", "us", "CA"),
        ("NSW", "AU", "New South Wales"),
        ("Quebec", "CA", "QC"),
        ("QC", "CA", "Québec"),
        ("Tokyo", "JP", "東京都"),
        ("SP", "BR", "São Paulo"),
        ("Dubai", "AE", "دبي"),
        ("Maharashtra", "IN", "MH"),
    ],
)
def test_states_by_code_and_name(state: str, country: str, also: str) -> None:
    assert also in other_names(state, country)


def test_states_are_not_mixed_up() -> None:
    assert set(other_names("ON", "CA")) == {"ON", "Ontario"}
    assert set(other_names("ME", "US")) == {"ME", "Maine"}


@pytest.mark.parametrize(
    ("state", "country"), [("Bavaria", "DE"), ("CA", "XX"), ("CA", ""), ("CA", "../us"), ("", "US"), ("CA", "é1")]
)
def test_unknown_states_have_no_other_name(state: str, country: str) -> None:
    assert other_names(state, country) == ()


@pytest.mark.parametrize(
    ("form", "typos"),
    [("abc", 0), ("abcd", 1), ("abcdefg", 1), ("abcdefgh", 2), ("abcd1", 0), ("anna.smith", 0), ("o'brian", 1)],
)
def test_typos_forgiven(form: str, typos: int) -> None:
    assert forgiven([form]) == ([(form, typos)] if typos else [])


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [("", "", 0), ("ab", "ba", 1), ("abc", "ca", 3), ("anna", "ana", 1), ("anna", "bnna", 1), ("kitten", "sitting", 3),
     ("abcd", "badc", 2), ("abcdef", "abdcfe", 2), ("", "ab", 2)],
)  # fmt: skip
def test_distance(left: str, right: str, distance: int) -> None:
    for first, second in ((left, right), (right, left)):
        assert within(first, second, distance)
        assert distance == 0 or not within(first, second, distance - 1)


@given(st.text("ab", min_size=4, max_size=12), st.text("ab", min_size=3, max_size=12))
def test_words_within_typos_share_a_deletion_key(typed: str, word: str) -> None:
    for form, limit in forgiven([typed]):
        if within(form, word, limit):
            assert set(deletion_keys(form, limit)) & set(word_keys(word))
