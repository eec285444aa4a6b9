"""The default templates: what mails say until a publisher says it otherwise, in every language there is.

Each language is one file. From its sentences the HTML and the text of each kind are put together, as Jinja source of
the same form that a publisher edits.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
LANGUAGES = ("en", "de", "fr", "es", "pl", "pt")


@dataclass(frozen=True, slots=True)
class Source:
    """A template: Jinja source of the subject, and of what is inside the frame that all mails have."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Wording:
    """One language: ``labels`` of facts, single ``words``, those of an ``invoice``, each kind's default template."""

    labels: Mapping[str, str]
    words: Mapping[str, str]
    invoice: Mapping[str, str]
    templates: Mapping[str, Source]


@cache
def wording(language: str) -> Wording:
    """The wording of one of ``LANGUAGES``."""
    content = tomllib.loads((_HERE / f"{language}.toml").read_text("utf-8"))
    words = content["words"]
    kinds = {name: _source(told, words) for name, told in content["kinds"].items()}
    return Wording(content["labels"], words, content["invoice"], kinds)


def language_for(wanted: str | None, fallback: str) -> str:
    """The language of a mail for somebody who reads ``wanted`` (a BCP 47 tag): that one if there is a wording."""
    primary = (wanted or "").replace("_", "-").partition("-")[0].lower()
    if primary in LANGUAGES:
        return primary
    return fallback if fallback in LANGUAGES else LANGUAGES[0]


_HTML_DETAILS = """\
{% if details %}
<table class="details">
{% for row in details %}
<tr><th>{{ row.label }}</th><td>{{ row.value }}</td></tr>
{% endfor %}
</table>
{% endif %}
"""
_TEXT_DETAILS = "{% for row in details %}\n{{ row.label }}: {{ row.value }}\n{% endfor %}\n"
_HTML_LINES = """\
<table class="lines">
<tr><th>{{ labels.description }}</th><th>{{ labels.quantity }}</th><th>{{ labels.amount }}</th></tr>
{% for line in lines %}
<tr><td>{{ line.description }}</td><td>{{ line.quantity }}</td><td>{{ line.amount }}</td></tr>
{% endfor %}
{% for total in totals %}
<tr class="total"><th>{{ total.label }}</th><td></td><td>{{ total.value }}</td></tr>
{% endfor %}
</table>
{% if buyer %}
<p><strong>{{ labels.buyer }}</strong>{% for part in buyer %}<br>{{ part }}{% endfor %}</p>
{% endif %}
"""
_TEXT_LINES = """\
{% for line in lines %}
{{ line.quantity }} x {{ line.description }}: {{ line.amount }}
{% endfor %}
{% for total in totals %}
{{ total.label }}: {{ total.value }}
{% endfor %}
{% if buyer %}

{{ labels.buyer }}:
{% for part in buyer %}
{{ part }}
{% endfor %}
{% endif %}
"""


def _source(told: Mapping[str, object], words: Mapping[str, str]) -> Source:
    paragraphs = [str(paragraph) for paragraph in told["text"]]  # type: ignore[attr-defined]
    heading, invoice = str(told["heading"]), bool(told.get("lines"))
    html = [f"<h1>{heading}</h1>", "<p>{{ greeting }}</p>"]
    html += [_optional(paragraph, "<p>{}</p>") for paragraph in paragraphs]
    html += [_HTML_DETAILS.strip(), *([_HTML_LINES.strip()] if invoice else [])]
    html.append(f"<p>{words['closing']}</p>")
    text = ["{{ greeting }}", *(_optional(paragraph, "{}") for paragraph in paragraphs)]
    text += [_TEXT_DETAILS.strip(), *([_TEXT_LINES.strip()] if invoice else []), words["closing"].replace("<br>", "\n")]
    return Source(str(told["subject"]), "\n".join(html) + "\n", "\n\n".join(text) + "\n")


def _optional(paragraph: str, form: str) -> str:
    """A paragraph; one that begins with ``?fact:`` is there only where that fact is known."""
    if not paragraph.startswith("?"):
        return form.format(paragraph)
    fact, _, rest = paragraph[1:].partition(":")
    return f"{{% if {fact} %}}{form.format(rest.strip())}{{% endif %}}"
