"""Telephone numbers: the digits that people tell, with and without the code of the country, or only the end.

Calling codes are those of ITU-T E.164: one digit for zones 1 and 7, two for those listed, three for all others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SHORTEST, LONGEST = 4, 17
"""Digits of what is taken for a telephone number: short service numbers up to E.164's 15 behind ``00``."""
FULL = 6
"""Digits from which a bare number is looked up as the end of a telephone number: what is told without the area."""
BACKWARDS = "<"
"""Begins the form of a number that is read from its end, so that the beginning of that form is the end of the number.
Nothing that is typed begins with it once it is folded and trimmed."""

_COUNTRIES = {
    "1": "US CA AG AI AS BB BM BS DM DO GD GU JM KN KY LC MP MS PR SX TC TT VC VG VI",
    "7": "RU KZ", "20": "EG", "211": "SS", "212": "MA EH", "213": "DZ", "216": "TN", "218": "LY", "220": "GM",
    "221": "SN", "222": "MR", "223": "ML", "224": "GN", "225": "CI", "226": "BF", "227": "NE", "228": "TG",
    "229": "BJ", "230": "MU", "231": "LR", "232": "SL", "233": "GH", "234": "NG", "235": "TD", "236": "CF",
    "237": "CM", "238": "CV", "239": "ST", "240": "GQ", "241": "GA", "242": "CG", "243": "CD", "244": "AO",
    "245": "GW", "246": "IO", "248": "SC", "249": "SD", "250": "RW", "251": "ET", "252": "SO", "253": "DJ",
    "254": "KE", "255": "TZ", "256": "UG", "257": "BI", "258": "MZ", "260": "ZM", "261": "MG", "262": "RE YT",
    "263": "ZW", "264": "NA", "265": "MW", "266": "LS", "267": "BW", "268": "SZ", "269": "KM", "27": "ZA",
    "290": "SH", "291": "ER", "297": "AW", "298": "FO", "299": "GL", "30": "GR", "31": "NL", "32": "BE",
    "33": "FR", "34": "ES", "350": "GI", "351": "PT", "352": "LU", "353": "IE", "354": "IS", "355": "AL",
    "356": "MT", "357": "CY", "358": "FI AX", "359": "BG", "36": "HU", "370": "LT", "371": "LV", "372": "EE",
    "373": "MD", "374": "AM", "375": "BY", "376": "AD", "377": "MC", "378": "SM", "380": "UA", "381": "RS",
    "382": "ME", "383": "XK", "385": "HR", "386": "SI", "387": "BA", "389": "MK", "39": "IT VA", "40": "RO",
    "41": "CH", "420": "CZ", "421": "SK", "423": "LI", "43": "AT", "44": "GB GG IM JE", "45": "DK", "46": "SE",
    "47": "NO SJ", "48": "PL", "49": "DE", "500": "FK", "501": "BZ", "502": "GT", "503": "SV", "504": "HN",
    "505": "NI", "506": "CR", "507": "PA", "508": "PM", "509": "HT", "51": "PE", "52": "MX", "53": "CU",
    "54": "AR", "55": "BR", "56": "CL", "57": "CO", "58": "VE", "590": "GP BL MF", "591": "BO", "592": "GY",
    "593": "EC", "594": "GF", "595": "PY", "596": "MQ", "597": "SR", "598": "UY", "599": "CW BQ", "60": "MY",
    "61": "AU CC CX", "62": "ID", "63": "PH", "64": "NZ", "65": "SG", "66": "TH", "670": "TL", "672": "NF",
    "673": "BN", "674": "NR", "675": "PG", "676": "TO", "677": "SB", "678": "VU", "679": "FJ", "680": "PW",
    "681": "WF", "682": "CK", "683": "NU", "685": "WS", "686": "KI", "687": "NC", "688": "TV", "689": "PF",
    "690": "TK", "691": "FM", "692": "MH", "81": "JP", "82": "KR", "84": "VN", "850": "KP", "852": "HK",
    "853": "MO", "855": "KH", "856": "LA", "86": "CN", "880": "BD", "886": "TW", "90": "TR", "91": "IN",
    "92": "PK", "93": "AF", "94": "LK", "95": "MM", "960": "MV", "961": "LB", "962": "JO", "963": "SY",
    "964": "IQ", "965": "KW", "966": "SA", "967": "YE", "968": "OM", "970": "PS", "971": "AE", "972": "IL",
    "973": "BH", "974": "QA", "975": "BT", "976": "MN", "977": "NP", "98": "IR", "992": "TJ", "993": "TM",
    "994": "AZ", "995": "GE", "996": "KG", "998": "UZ",
}  # fmt: skip
_CODES = {country: code for code, countries in _COUNTRIES.items() for country in countries.split()}
# What is dialled before a number inside a country, where it isn't a 0.
_TRUNKS = {"1": "1", "7": "8", "36": "06", "370": "8", "375": "80", "993": "8"}
_TRUNK = re.compile(r"\(0\)")
_NO_DIGIT = re.compile(r"\D+", re.ASCII)
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_CHARACTERS = re.compile(r"\(?\+?[\d ()./\-]+\Z", re.ASCII)


def is_phone_like(folded: str) -> bool:
    """Whether a (folded) word has nothing but what telephone numbers are written with, and a digit."""
    plain = _DASHES.sub("-", folded)
    return bool(_CHARACTERS.match(plain)) and any(character.isdigit() for character in plain)


def spellings(folded: str, countries: Iterable[str] = ()) -> tuple[str, ...]:
    """The digits by which somebody may tell a (folded) number: as it is, as it is dialled inside its country, with and
    without what is dialled first there, and with the code of the country, which is one of ``countries`` (ISO 3166-1)
    where the number itself doesn't tell it."""
    digits = _digits(folded)
    found = [digits]
    if _is_international(folded):
        code = _code_of(digits)
        national = digits[len(code) :].removeprefix("0")
        if len(national) >= SHORTEST:
            found += [national, f"0{national}", _TRUNKS.get(code, "0") + national]
    else:
        found.append(digits.removeprefix("0"))
        for code in dict.fromkeys(_CODES[country] for country in countries if country in _CODES):
            national = digits.removeprefix(_TRUNKS.get(code, "0")).removeprefix("0")
            found += [national, code + national] if len(national) >= SHORTEST else []
    return tuple(dict.fromkeys(spelling for spelling in found if len(spelling) >= SHORTEST))


def backwards(folded: str) -> str:
    """The form of a whole (folded) number by which its end finds it; empty for what is too short."""
    digits = _digits(folded)
    return BACKWARDS + digits[::-1] if len(digits) >= SHORTEST else ""


def dialled(folded: str, *, shortest: int = FULL) -> tuple[str, ...]:
    """The forms to look up for a (folded) number as somebody typed it: its digits, those without a 0 that is left out
    behind the code of a country, and its end. None for what is no number of at least so many digits."""
    if not is_phone_like(folded):
        return ()
    digits = _digits(folded)
    if not shortest <= len(digits) <= LONGEST:
        return ()
    forms = [digits]
    if _is_international(folded):
        code = _code_of(digits)
        forms.append(code + digits[len(code) :].removeprefix("0"))
    end = digits.lstrip("0")
    if len(end) >= shortest:
        forms.append(BACKWARDS + end[::-1])
    return tuple(dict.fromkeys(forms))


def _is_international(folded: str) -> bool:
    return folded.lstrip("( ").startswith(("+", "00"))


def _digits(folded: str) -> str:
    """Without ``00`` in place of ``+``, nor ``(0)``."""
    if not _is_international(folded):
        return _NO_DIGIT.sub("", folded)
    return _NO_DIGIT.sub("", _TRUNK.sub("", folded)).removeprefix("00")


def _code_of(digits: str) -> str:
    return next((digits[:length] for length in (1, 2) if digits[:length] in _COUNTRIES), digits[:3])
