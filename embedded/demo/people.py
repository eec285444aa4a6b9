"""The n-th customer of a seed, whole: name, address and the rest fit together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from embedded.demo.draws import RANGE, Choice, below, draws, share
from embedded.demo.homes import home
from embedded.demo.names import Name, Names
from embedded.demo.places import City, Locale, locales

SOURCE = "publisher"
# Of the demo publisher. Its first hundred have somebody for each search that the README tries.
SEED = 12
# When the last of them logged in, if nobody says otherwise: a moment that stays, so that the data stay.
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)

_DAY, _HOUR = 86_400, 3_600
_LONGEST = 9 * 365 * _DAY  # since the oldest account began
_EPOCH = date(1970, 1, 1).toordinal()
# The first days of the years in which adults were born, by decade as in a business whose customers pay by themselves.
_BIRTH_YEARS = Choice(
    (date(year, 1, 1).toordinal(), often)
    for first, often in ((1935, 2), (1945, 5), (1955, 9), (1965, 13), (1975, 16), (1985, 18), (1995, 15))
    for year in range(first, first + 10)
)
# How many of 100 customers have one.
_BIRTHDATES = 72
_BIRTHDATE, _PHONE, _COMPANY, _LOGIN = share(_BIRTHDATES), share(66), share(11), share(81)
_CAPITALIZED, _ATTRIBUTES, _STORE = share(3), share(35), share(12)
_PLANS = Choice([("basic", 55), ("premium", 30), ("family", 12), ("student", 3)])
_DEVICES = Choice([("mobile", 40), ("smart_tv", 30), ("web", 22), ("tablet", 8)])
_REFERRERS = Choice([("search", 40), ("friend", 25), ("newsletter", 20), ("campaign-2024", 10), ("event", 5)])


class DemoCustomer(NamedTuple):
    """A made-up customer: first the columns that an import takes, then what only the API does."""

    email: str
    first_name: str
    last_name: str
    company: str | None
    birthdate: str | None
    phone: str | None
    language: str
    currency: str
    country: str
    line1: str | None
    line2: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    external_id: str
    registered_at: str
    last_login_at: str | None
    store_id: str | None
    attributes: dict[str, Any]

    def body(self) -> dict[str, Any]:
        """What the API takes to create them; the last login is a request of its own."""
        external_ids = [{"source": SOURCE, "id": self.external_id}]
        if self.store_id:
            external_ids.append({"source": "store", "id": self.store_id})
        names = ("email", "first_name", "last_name", "company", "birthdate", "phone", "language", "currency", "country")
        parts = ("line1", "line2", "city", "state", "postal_code")
        address = {part: getattr(self, part) for part in parts if getattr(self, part)}
        return {
            **{name: getattr(self, name) for name in names if getattr(self, name)},
            **({"address": {**address, "country": self.country}} if address else {}),
            "external_ids": external_ids,
            **({"attributes": self.attributes} if self.attributes else {}),
            "registered_at": self.registered_at,
        }


def customers(count: int, *, seed: int = SEED, first: int = 1, as_of: datetime = AS_OF) -> Iterator[DemoCustomer]:
    """``count`` customers from the ``first`` on; each is the same whatever the count."""
    for number in range(first, first + count):
        yield customer(seed, number, as_of)


def customer(seed: int, number: int, as_of: datetime = AS_OF) -> DemoCustomer:
    """The customer of this number, from 1 on: told by the seed and the number alone, and like no other of that seed.

    Accounts began in the nine years before ``as_of``; nothing else depends on it.
    """
    drawn = draws(seed, number)
    locale = locales().pick(drawn[0])
    names = locale.names.pick(drawn[1])
    man = drawn[2] & 1
    first_name = names.given_name(man, *drawn[3:6])
    last_name = names.family_name(man, *drawn[6:9])
    city = locale.cities.pick(drawn[9])
    registered_at, last_login_at = _activity(int(as_of.timestamp()), *drawn[10:13])
    return DemoCustomer(
        _email(first_name, last_name, number, drawn[13], locale.domains.pick(drawn[14])),
        first_name.text,
        last_name.text,
        _company(locale, names, city, *drawn[15:18]),
        _birthdate(drawn[18], drawn[19]),
        _phone(city, drawn[20], drawn[21]),
        locale.language,
        locale.currency,
        locale.country,
        *home(locale, city, last_name, drawn[22:29]),
        external_id_of(number, seed=seed),
        registered_at,
        last_login_at,
        f"GPA.{seed:04}-{number:012}" if drawn[29] < _STORE else None,
        _attributes(drawn[30], drawn[31]),
    )


def external_id_of(number: int, *, seed: int = SEED) -> str:
    """The ID by which the demo customer of this number is known."""
    return f"D{seed}-{number:06}"


def _email(first: Name, last: Name, number: int, draw: int, domain: str) -> str:
    """An address as people choose them. It ends in the customer's number, so there is no second one like it."""
    given, family = first.roman, last.roman[:30]
    style = draw % 20
    if style < 9:
        local = f"{given[:24]}.{family}{number}"
    elif style < 12:
        local = f"{given[0]}.{family}{number}"
    elif style < 14:
        local = f"{given[:24]}{number}"
    elif style < 16:
        local = f"{family}.{given[:24]}{number}"
    elif style < 18:
        local = f"{given[:24]}_{family}{number}"
    else:
        local = f"{given[0]}{family}{number}"
    return f"{local.title() if draw >> 5 < _CAPITALIZED >> 5 else local}@{domain}"


def _company(locale: Locale, names: Names, city: City, has: int, which: int, whose: int) -> str | None:
    if has >= _COMPANY:
        return None
    return locale.companies.pick(which).format(
        family=names.families.pick(whose)[1].text, other=names.families.pick(which ^ whose)[1].text, city=city.name
    )


def _birthdate(year: int, day: int) -> str | None:
    if year >= _BIRTHDATE:
        return None
    first = _BIRTH_YEARS.pick(year * 100 // _BIRTHDATES)
    return _day(first + below(365, day))


def _phone(city: City, draw: int, digits: int) -> str | None:
    if draw >= _PHONE:
        return None
    pattern, length = city.phones[draw % len(city.phones)]
    return pattern % tuple(f"{digits * 2_654_435_761 + draw:012}"[-length:])


def _activity(as_of: int, began: int, active: int, logged_in: int) -> tuple[str, str | None]:
    """When the account began, most of them lately, and the last login, most of them very lately."""
    age = (began * began >> 32) * _LONGEST >> 32
    if active >= _LOGIN:
        return _moment(as_of - age), None
    lately = (logged_in * logged_in >> 32) * logged_in >> 32
    ago = below(age, lately) + logged_in % _HOUR
    return _moment(as_of - age), _moment(as_of - min(ago, age))


def _moment(seconds: int) -> str:
    day, second = divmod(seconds, _DAY)
    minute, second = divmod(second, 60)
    return f"{_day(_EPOCH + day)}T{minute // 60:02}:{minute % 60:02}:{second:02}Z"


@lru_cache(maxsize=1 << 15)
def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _attributes(has: int, draw: int) -> dict[str, Any]:
    if has >= _ATTRIBUTES:
        return {}
    found: dict[str, Any] = {"newsletter": draw & 1 == 0}
    if draw & 2:
        found["plan_interest"] = _PLANS.pick(draw)
    if draw & 12:
        found["device"] = _DEVICES.pick(draw * 7 % RANGE)
    if draw & 16:
        found["referrer"] = _REFERRERS.pick(draw * 11 % RANGE)
    if draw & 96 == 0:
        found["points"] = below(5000, draw * 13 % RANGE)
    return found
