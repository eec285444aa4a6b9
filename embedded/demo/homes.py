"""An address as its country writes it, put together from the tables of places."""

from __future__ import annotations

from collections.abc import Sequence

from embedded.demo.draws import below, share
from embedded.demo.names import Name
from embedded.demo.places import City, Locale

# Of 100 customers so many are known with their street, and these and some more with their city.
_STREET, _CITY = share(88), share(94)
_HIGHEST_NUMBER = 220

Home = tuple[str | None, str | None, str | None, str | None, str | None]


def home(locale: Locale, city: City, resident: Name, drawn: Sequence[int]) -> Home:
    """Line 1, line 2, city, state and postal code; None what isn't known, from seven draws."""
    has, street, house, line, second, code, more = drawn
    if has >= _CITY:
        return None, None, None, None, None
    state = city.state if more < locale.state_share else None
    postal_code = city.codes.code(code, more) if city.codes else None
    if has >= _STREET:
        return None, None, city.name, state, postal_code
    numbers, form = divmod(line, len(locale.lines))
    parts = _numbers(numbers, house)
    parts["street"], parts["family"] = locale.streets.pick(street), resident.text
    line1 = locale.lines[form].format_map(parts)
    if second >= locale.second_share:
        return line1, None, city.name, state, postal_code
    return (
        line1,
        locale.second_lines[second % len(locale.second_lines)].format_map(parts),
        city.name,
        state,
        postal_code,
    )


def _numbers(draw: int, house: int) -> dict[str, str | int]:
    """What the lines of the tables put in: ``n`` is a house number (low ones are more common), the rest small."""
    draw, a = divmod(draw, 9)
    draw, o = divmod(draw, 9)
    draw, b = divmod(draw, 30)
    draw, c = divmod(draw, 90)
    draw, d = divmod(draw, 10)
    return {
        "n": 1 + below(_HIGHEST_NUMBER, house * house >> 32),
        "a": a + 1,
        "o": o + 1,
        "b": b + 1,
        "c": c + 10,
        "d": d,
        "l": "ABCDEF"[draw % 6],
        "l2": "abcd"[draw % 4],
    }
