"""Made-up names that fit a country's script."""

from __future__ import annotations

_NAMES = {
    "latin": (
        "Ana Luís Ève Søren Zoë Björn Nuño Łucja",
        "Müller O'Neill Šimić Çelik Ñíguez Lefèvre Strauß Hansen-Ødegård",
    ),
    "cyrillic": ("Олена Иван Ёлка Георги", "Шевченко Иванов Ковальчук Димитров"),
    "greek": ("Ελένη Γιώργος Σοφία", "Παπαδόπουλος Αγγέλου"),
    "arabic": ("أحمد فاطمة مُحَمَّد", "حسن العلي"),
    "hebrew": ("יעל משה", "כהן לוי"),
    "han": ("小明 美玲 建国", "王 陳 欧阳"),
    "kana": ("さくら 太郎 ひろし", "山田 佐藤 スズキ"),
    "hangul": ("민준 서연", "김 이 박"),
    "thai": ("สมชาย มาลี", "ใจดี รักไทย"),
    "devanagari": ("प्रिया अर्जुन", "शर्मा सिंह"),
    "georgian": ("ნინო გიორგი", "ბერიძე"),
    "armenian": ("Անի Արամ", "Պետրոսյան"),
}
_SCRIPTS = {
    "cyrillic": "BG BY KG KZ MK MN RS RU TJ UA",
    "greek": "CY GR",
    "arabic": "AE BH DZ EG IQ IR JO KW LB LY MA OM PK PS QA SA SD SY TN YE",
    "hebrew": "IL",
    "han": "CN HK MO SG TW",
    "kana": "JP",
    "hangul": "KP KR",
    "thai": "TH",
    "devanagari": "IN NP",
    "georgian": "GE",
    "armenian": "AM",
}
_SCRIPT_OF = {country: script for script, countries in _SCRIPTS.items() for country in countries.split()}


def name_for(country: str, number: int) -> tuple[str, str]:
    """A first and a last name in the script of the country."""
    first, last = _NAMES[_SCRIPT_OF.get(country, "latin")]
    first_names, last_names = first.split(), last.split()
    return first_names[number % len(first_names)], last_names[number // 3 % len(last_names)]
