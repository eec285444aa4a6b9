"""Text that people wrote, to be shown as text: nothing in it is run or rendered, only addresses become links."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

# No quotes, brackets or spaces, and nothing invisible or that turns the direction: what is shown is where it leads.
_ADDRESS = re.compile(
    r"\bhttps?://[^\s<>\"'`{}|\\^\[\]\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]{1,1000}",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?)*_~"


def with_links(text: str) -> Markup:
    """``text`` escaped, with its http and https addresses as links that open elsewhere and tell nothing of us."""
    parts: list[Markup] = []
    end = 0
    for found in _ADDRESS.finditer(text):
        address = _without_trailing(found[0])
        if address.lower() in ("http://", "https://"):
            continue
        parts.append(escape(text[end : found.start()]))
        parts.append(
            Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow ugc">{}</a>').format(
                address, address
            )
        )
        end = found.start() + len(address)
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def _without_trailing(address: str) -> str:
    """Without the punctuation of the sentence around it; a bracket stays where it was opened inside."""
    while address and address[-1] in _TRAILING:
        if address[-1] == ")" and address.count("(") >= address.count(")"):
            break
        address = address[:-1]
    return address
