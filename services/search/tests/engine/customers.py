"""The customers of the acceptance table, by a short name each. They are made up."""

# ruff: noqa: E501, RUF001 - a line each; names in many scripts, on purpose

from __future__ import annotations

from typing import Any

State = dict[str, Any]


def customer(
    name: str,
    email: str = "",
    external: str = "",
    *,
    city: str = "",
    state: str = "",
    code: str = "",
    country: str = "",
    street: str = "",
    company: str = "",
    phone: str = "",
    born: str = "",
    currency: str = "",
    language: str = "",
    registered: str = "2026-01-01",
    last_login: str = "",
) -> State:
    """A customer's public state. ``name`` is first and last name, separated by a slash; days are at noon."""
    first, _, last = name.partition("/")
    return {
        "email": email or None,
        "first_name": first or None,
        "last_name": last or None,
        "country": country or None,
        "company": company or None,
        "phone": phone or None,
        "birthdate": born or None,
        "currency": currency or None,
        "language": language or None,
        "status": "active",
        "registered_at": f"{registered}T12:00:00.000000Z",
        "last_login_at": f"{last_login}T12:00:00.000000Z" if last_login else None,
        "address": {"line1": street, "city": city, "state": state, "postal_code": code, "country": country},
        "external_ids": [{"source": "shop", "id": number} for number in external.split()],
    }


CUSTOMERS: dict[str, State] = {
    # Latin script, and how people leave out what is special about it
    "mueller": customer("Anna/Müller", "anna.mueller@example.com", "EXT-1001", city="Berlin", code="10115", country="DE", street="Invalidenstraße 116", phone="+49 30 5557001", born="1985-03-12", currency="EUR", language="de", registered="2025-06-01", last_login="2026-11-20"),
    "muller": customer("Bob/Muller", "bob@muller.example", "EXT-1002", city="Zürich", code="8001", country="CH", company="Helvetia Käse AG", currency="CHF", language="de-CH", registered="2026-02-15", last_login="2026-10-01"),
    "ue": customer("Carla/Mueller", "carla77@example.org", "EXT-2003", city="Köln", code="50667", country="DE", street="Hohe Str. 52", born="1985-12-03", currency="EUR"),
    "lukasz": customer("Łukasz/Wójcik", "lw@poczta.example", city="Łódź", code="90-001", country="PL", street="ul. Piotrkowska 104", phone="042 555 70 02", currency="PLN", registered="2026-11-25"),
    "obrien": customer("Siobhán/O'Brien", "sob@eire.example", city="Galway", code="H91 E2K3", country="IE", company="O'Brien & Daughters Ltd.", currency="EUR"),
    "jeanluc": customer("Jean-Luc/Lefèvre", "jl.lefevre@example.fr", city="Saint-Étienne", code="42000", country="FR", street="12 bis rue de la République", phone="+33 (0)4 55 57 00 30", born="1990-07-14"),
    "maryann": customer("Mary Ann/Van Dyke", "maryann+news@example.com", city="Los Angeles", state="CA", code="90012-1234", country="US", street="1600 Sunset Blvd", phone="(213) 555-7004", currency="USD", language="en", registered="2024-05-05", last_login="2025-01-01"),
    "soren": customer("Søren/Kjær", "sk@example.dk", city="Ærøskøbing", code="5970", country="DK"),
    "strauss": customer("Lena/Strauß", "ls@example.at", city="Sankt Pölten", code="3100", country="AT", phone="02742 / 55 70-21"),
    "ibrahim": customer("İbrahim/Yıldız", "iy@example.tr", city="Iğdır", code="76000", country="TR"),
    "nguyen": customer("Thị Hương/Nguyễn", "nth@example.vn", city="Đà Nẵng", code="550000", country="VN"),
    "novak": customer("Dvořák/Novák", "dn@example.cz", city="Plzeň", code="301 00", country="CZ"),
    # Long names and near ones, for typos
    "christopher": customer("Christopher/Montgomery", "cm@example.net", city="Philadelphia", state="Pennsylvania", code="19103", country="US", street="Market Street 30", company="Liberty Bells", born="1975-11-30", currency="USD"),
    "kristofer": customer("Kristofer/Stone", "ks@example.net", city="Portland", state="OR", code="97201", country="US"),
    "natalie": customer("Natalie/Portman", "np@example.net", city="Portland", state="ME", code="04101", country="US"),
    "ian": customer("Ian/Li", "il@example.net", city="Regina", state="SK", code="S4P 3Y2", country="CA"),
    # Names that are prefixes of others, or words elsewhere
    "ann": customer("Ann/Berlin", "ann@berlin.example", city="Paris", state="Texas", code="75460", country="US"),
    "anna_paris": customer("Anna/Dubois", "adubois@example.fr", city="Paris", code="75001", country="FR"),
    "annabel": customer("Annabel/Smith", "smith.annabel@example.co.uk", city="London", code="SW1A 1AA", country="GB"),
    # First names that look like the names of countries and currencies, and saints
    "frank": customer("Frank/Ortega", "fo@example.sn", city="Saint-Louis", country="SN", currency="XOF", street="7 rue St. Hilaire", phone="+221 33 557 70 23", born="1920-04-05"),
    "juan": customer("Juan/Quiroga", "jq@example.ba", city="St. Anton", country="BA", currency="BAM", street="Königsallee 12a", phone="033 557-024"),
    "mark": customer("Mark/Quill", "mq@example.nl", city="Sint Anthonis", code="5845 AB", country="NL", street="Kalverstraat 92", currency="AUD"),
    # Other scripts
    "wang": customer("小明/王", "wang@example.cn", city="北京市", state="北京市", code="100000", country="CN", currency="CNY"),
    "yamada": customer("太郎/山田", "yamada@example.jp", city="千代田区", state="東京都", code="100-0001", country="JP", street="丸の内1丁目9-1", company="株式会社山田商店", phone="03-5557-0005", born="1970-01-31", currency="JPY"),
    "suzuki": customer("アキコ/スズキ", "suzuki@example.jp", city="大阪市", state="大阪府", code="５３０-０００１", country="JP"),
    "kim": customer("민수/김", "kim@example.kr", city="강남구", state="서울특별시", code="06236", country="KR"),
    "somchai": customer("สมชาย/ใจดี", "somchai@example.th", city="กรุงเทพมหานคร", code="10200", country="TH"),
    "ahmed": customer("أَحْمَد/الـمصري", "ahmed@example.eg", city="القاهرة", code="11511", country="EG", street="٢٦ شارع التحرير", currency="EGP"),
    "moshe": customer("מֹשֶׁה/כהן", "moshe@example.il", city="תל אביב", code="6100000", country="IL"),
    "fyodor": customer("Фёдор/Королёв", "fk@example.ru", city="Москва", code="101000", country="RU", street="улица Арбат, 24", currency="RUB", phone="8 (495) 557-70-22"),
    "nikos": customer("Νίκος/Παπαδόπουλος", "nikos@example.gr", city="Αθήνα", code="105 57", country="GR"),
    "priya": customer("प्रिया/शर्मा", "priya@example.in", city="मुंबई", state="Maharashtra", code="400001", country="IN"),
    # Hardly anything known; strange identifiers
    "idonly": customer("", "", "auth0|5f7c8ec7c33c PO-77/9"),
    "noname": customer("", "no-reply@shop.example"),
}  # fmt: skip
