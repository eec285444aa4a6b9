"""Templates that would fill the memory, never end, or break what reads them: refused, never run."""

from __future__ import annotations

from typing import Any

import pytest

from services.notifications.rendering import Brand, render_mail
from services.notifications.samples import PERSON
from services.notifications.sandbox import MOST_OUTPUT, TemplateRefused, render
from services.notifications.tests.conftest import Api
from services.notifications.wording import Source

GOOD = {"subject": "Hi", "html": "<p>{{ greeting }}</p>", "text": "{{ greeting }}"}
BRAND = Brand("Example")
LONG: dict[str, Any] = {"name": "x" * 400, "lines": [{"description": "y" * 400}] * 200}


@pytest.mark.parametrize(
    "evil",
    [
        "{% if greeting %}" * 110 + "x" + "{% endif %}" * 110,
        "{{ lines[" + "9" * 5_000 + "] }}",
        "{{ greeting|join(greeting)|length }}",
        "{% for a in greeting %}{% for b in customer.name %}{% endfor %}{% endfor %}x",
    ],
    ids=["too deep for Python", "a number without end", "letters joined", "letters gone through"],
)
@pytest.mark.parametrize("part", ["html", "text", "subject"])
def test_they_are_refused_when_saved_and_when_previewed(api: Api, part: str, evil: str) -> None:
    if part == "subject" and len(evil) > 500:
        pytest.skip("a subject is shorter")
    for method, path in (("PUT", "/templates/receipt/en"), ("POST", "/templates/receipt/en/preview")):
        answer: Any = api.send(method, path, {**GOOD, part: evil}, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json["code"]) == (422, "template_invalid"), answer.text
    assert api.get("/templates/receipt/en")["is_default"]


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in name %}{% for b in name %}{% endfor %}{% endfor %}",
        "{{ name|join(name) }}",
        "{{ lines|join(lines|join)|length }}",
    ],
)
@pytest.mark.parametrize("html", [True, False])
def test_what_was_kept_before_is_not_run_either(source: str, *, html: bool) -> None:
    with pytest.raises(TemplateRefused):
        render(source, LONG, html=html)


@pytest.mark.parametrize("html", [True, False])
def test_lists_are_gone_through_and_joined(*, html: bool) -> None:
    context = {"buyer": ["a <b>", "c"], "lines": [{"description": "one"}, {"description": "two"}]}
    source = "{% for each in buyer %}{{ loop.index }}{{ each }},{% endfor %}{{ buyer|join('; ') }}"
    escaped = "a &lt;b&gt;" if html else "a <b>"
    assert render(source, context, html=html) == f"1{escaped},2c,{escaped}; c"
    assert render("{{ lines|join(', ', 'description') }}", context, html=html) == "one, two"
    assert len(render("{{ lines|join }}", LONG, html=html)) < MOST_OUTPUT


@pytest.mark.parametrize("deep", ["<b>" * 16_000, "<table><td>" * 4_000], ids=["letters", "tables"])
def test_html_that_would_end_the_process_is_refused(api: Api, deep: str) -> None:
    for method, path in (("PUT", "/templates/receipt/en"), ("POST", "/templates/receipt/en/preview")):
        answer: Any = api.send(method, path, {**GOOD, "html": f"{deep}x"}, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json["code"]) == (422, "template_invalid"), answer.text
    with pytest.raises(TemplateRefused):
        render_mail("receipt", "en", {}, brand=BRAND, person=PERSON, source=Source("s", f"{deep}x", "t"))


def test_tags_that_multiply_are_refused() -> None:
    html = "".join(f"<p><i title='{number}'>x</p>" for number in range(900))
    with pytest.raises(TemplateRefused, match="longer"):
        render_mail("receipt", "en", {}, brand=BRAND, person=PERSON, source=Source("s", html, "t"))


def test_a_long_invoice_has_room() -> None:
    facts = {"lines": [{"description": "A", "amount": {"amount_minor": 1, "currency": "EUR"}}] * 200}
    row = "<tr><td>{{ line.description }}</td><td><b>{{ line.quantity }}</b></td><td>{{ line.amount }}</td></tr>"
    html = f"<table>{{% for line in lines %}}{row}{{% endfor %}}</table>"
    made = render_mail("invoice", "en", facts, brand=BRAND, person=PERSON, source=Source("s", html, "t"))
    assert made.html.count("<td") >= 600
