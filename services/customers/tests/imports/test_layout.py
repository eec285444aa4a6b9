"""What columns become, by their headings and by what the caller says."""

from __future__ import annotations

import pytest

from servicekit.errors import Problem
from servicekit.imports.errors import InvalidMapping, UnknownColumns
from servicekit.imports.layout import Layout, lay_out, wishes_of
from services.customers.imports.headings import VOCABULARY

CLEENG = """First Name,Last Name,Email*,Locale*,Last login,Create date,Country Code*,Currency*,\
IP Address (Mandatory for US and CA for Tax Collecting),Timezone,\
External ID (Mandatory only for integrations with third-party identity systems),Password Hash"""
STRIPE = """id,Description,Email,Name,Created (UTC),Delinquent,Card ID,Card Last4,Card Brand,Card Funding,\
Card Exp Month,Card Exp Year,Card Name,Card Address Line1,Card Address Line2,Card Address City,Card Address State,\
Card Address Country,Card Address Zip,Card Issue Country,Card Fingerprint,Card CVC Status,Card AVS Zip Status,\
Card AVS Line1 Status,Card Tokenization Method,Plan,Status,Cancel At Period End,Account Balance,Currency,\
Total Spend,Payment Count,Average Order,Refunded Volume,Dispute Losses,userId (metadata)"""
MIGRATION = "DESCRIPTION,NAME,EMAIL,ID,CARD.ADDRESS_CITY,CARD.ADDRESS_ZIP,CARD.ID,CARD.NUMBER,DEFAULT_SOURCE"


def fields_of(headings: list[str], *mapping: str, constants: tuple[str, ...] = ()) -> dict[str, str]:
    layout = lay_out(VOCABULARY, headings, wishes_of(VOCABULARY, mapping, constants))
    return dict(zip(layout.headings, layout.targets, strict=True))


def refusal(headings: list[str], *mapping: str, constants: tuple[str, ...] = ()) -> Problem:
    with pytest.raises((InvalidMapping, UnknownColumns)) as raised:
        lay_out(VOCABULARY, headings, wishes_of(VOCABULARY, mapping, constants))
    error: Problem = raised.value
    return error


def test_the_apis_own_names() -> None:
    names = [
        "email", "first_name", "last_name", "company", "birthdate", "phone", "language", "currency", "country", "line1",
        "line2", "city", "state", "postal_code", "external_id", "external_id_source", "registered_at", "last_login_at",
        "attributes.plan", "external_ids.stripe",
    ]  # fmt: skip
    assert fields_of(names) == {name: name for name in names}
    assert fields_of(["address.city", "address.country"]) == {
        "address.city": "city", "address.country": "address_country"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "target"),
    [("E-Mail", "email"), ("EMAIL*", "email"), (" first  name", "first_name"), ("Last_Name", "last_name"),
     ("ZIP", "postal_code"), ("Street", "line1"), ("Date of birth", "birthdate"), ("\ufeffemail", "email"),
     ("Created (UTC)", "registered_at"), ("Ｅmail", "email")],
)  # fmt: skip
def test_headings_are_read_tolerantly(heading: str, target: str) -> None:
    assert list(fields_of([heading]).values()) == [target]


def test_cleengs_template_needs_no_mapping() -> None:
    layout = lay_out(VOCABULARY, CLEENG.split(","), wishes_of(VOCABULARY, [], []))
    assert layout.shape == "cleeng_users"
    assert dict(zip(CLEENG.split(","), layout.targets, strict=True)) == {
        "First Name": "first_name", "Last Name": "last_name", "Email*": "email", "Locale*": "language",
        "Last login": "last_login_at", "Create date": "registered_at", "Country Code*": "country",
        "Currency*": "currency", CLEENG.split(",")[8]: "", "Timezone": "",
        CLEENG.split(",")[10]: "external_id", "Password Hash": "",
    }  # fmt: skip
    assert layout.secrets == {11}


def test_stripes_export_needs_no_mapping() -> None:
    layout = lay_out(VOCABULARY, STRIPE.split(","), wishes_of(VOCABULARY, [], []))
    taken = {heading: target for heading, target in zip(STRIPE.split(","), layout.targets, strict=True) if target}
    assert layout.shape == "stripe_customers"
    assert taken == {
        "id": "external_ids.stripe", "Email": "email", "Name": "name", "Created (UTC)": "registered_at",
        "Card Address Line1": "line1", "Card Address Line2": "line2", "Card Address City": "city",
        "Card Address State": "state", "Card Address Country": "address_country", "Card Address Zip": "postal_code",
        "Currency": "currency",
    }  # fmt: skip


def test_stripes_file_for_migrations_too_and_its_card_numbers_are_never_stored() -> None:
    layout = lay_out(VOCABULARY, MIGRATION.split(","), wishes_of(VOCABULARY, [], []))
    assert layout.shape == "stripe_customers"
    assert layout.targets == ["", "name", "email", "external_ids.stripe", "city", "postal_code", "", "", ""]
    assert layout.secrets == {7}


def test_a_known_export_can_be_mapped_otherwise() -> None:
    assert fields_of(CLEENG.split(","), "Timezone=attributes.timezone", "email=")["Timezone"] == "attributes.timezone"
    assert fields_of(CLEENG.split(","), "email=")["Email*"] == ""


def test_a_column_named_by_the_caller_comes_before_a_guessed_one() -> None:
    assert fields_of(["email", "Login Mail"], "Login Mail=email") == {"email": "", "Login Mail": "email"}


def test_a_fields_own_name_comes_before_another_name_for_it() -> None:
    assert fields_of(["state", "state_code"]) == {"state": "state", "state_code": ""}


def test_a_column_may_have_an_equals_sign() -> None:
    assert fields_of(["email", "a=b"], "a=b=company") == {"email": "email", "a=b": "company"}


def test_all_others_can_be_left_out() -> None:
    columns = ["email", *(f"c{number}" for number in range(199))]
    assert sum(map(bool, fields_of(columns, "*=").values())) == 1


def test_unknown_columns_are_listed_with_what_may_be_meant() -> None:
    error = refusal(["email", "first_nam", *(f"c{number}" for number in range(198))])
    assert error.code == "import_columns_unknown"
    assert "199 of 200 columns are not known: 'first_nam', 'c0'" in error.detail
    assert "and 179 more" in error.detail
    assert error.errors[0].message == "Not a field. Is first_name meant?"


@pytest.mark.parametrize(
    ("headings", "mapping", "constants", "reason"),
    [
        (["a", "b"], (), (), "No column is known"),
        (["a"], ("*=",), (), "No column of the file becomes anything"),
        (["email", "E-Mail", "Mail"], ("email=",), (), "would both become email"),
        (["email"], ("nothing=city",), (), "no column 'nothing'"),
        (["email"], ("email=emial",), (), "not column=field"),
        (["email"], ("email",), (), "not column=field"),
        (["email", "x"], ("*=attributes.rest",), (), "not column=field"),
        (["email", "Password Hash"], ("Password Hash=attributes.p",), (), "never stored"),
        (["email", "external_id_source"], (), (), "external_id_source says whose"),
        (["first_name"], (), ("email=a@example.com",), "can't be the same for all"),
        (["email"], (), ("country=Nowhere",), "two-letter code"),
        (["email"], (), ("county=DE",), "Is country meant"),
        (["email"], (), ("attributes.a b=1",), "not field=value"),
        ([f"c{number}" for number in range(1001)], ("*=",), (), "1000 are the most"),
    ],
)
def test_what_does_not_fit_says_so(
    headings: list[str], mapping: tuple[str, ...], constants: tuple[str, ...], reason: str
) -> None:
    error = refusal(headings, *mapping, constants=constants)
    assert reason in " ".join([error.detail, *(entry.message for entry in error.errors)])


def test_the_remarks_of_our_own_file_of_rejects_are_left_out() -> None:
    assert fields_of(["row", "column", "reason", "email"]) == {"row": "", "column": "", "reason": "", "email": "email"}
    assert "'row'" in refusal(["row", "email"]).detail


def test_a_layout_is_kept_whole() -> None:
    layout = lay_out(
        VOCABULARY, CLEENG.split(","), wishes_of(VOCABULARY, ["Timezone=attributes.timezone"], ["company=Example"])
    )
    assert Layout.from_json(layout.to_json()) == layout
