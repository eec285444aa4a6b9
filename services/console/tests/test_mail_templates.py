"""Templates of mails: edited, previewed, their versions, the default; and who gets none of it."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from services.console.protection import FRAMED
from services.console.tests.conftest import FakeApi, form_token, problem
from services.console.tests.examples import ID, ME, PAGE
from services.console.tests.mail_examples import (
    ONE,
    PARTS,
    PREVIEW,
    SETTINGS,
    SETTINGS_PATH,
    TEMPLATE,
    TEMPLATES,
    TEMPLATES_PATH,
    tagged,
    version,
)
from services.console.tests.test_mail_settings import fields_of

EDIT = "/console/settings/mail/templates/receipt/de"
FORM = {**PARTS, "version": '"3"'}


@pytest.fixture
def manager(client: FlaskClient, fake: FakeApi) -> FlaskClient:
    fake.answers |= {
        "GET /v1/identity/me": {**ME, "scopes": [*ME["scopes"], "notifications:manage"]},
        f"GET {SETTINGS_PATH}": SETTINGS,
        f"GET {TEMPLATES_PATH}": TEMPLATES,
        f"GET {ONE}": lambda _request: tagged(TEMPLATE, 3),
        f"PUT {ONE}": TEMPLATE,
        f"DELETE {ONE}": TEMPLATE,
        f"POST {ONE}/preview": PREVIEW,
        f"GET {ONE}/versions": {"items": [version(3), version(2, is_default=True)], "next_cursor": None},
        f"GET {ONE}/versions/3": version(3),
        f"GET {ONE}/versions/2": version(2, subject="Early <b>"),
        f"GET {ONE}/versions/1": version(1, is_default=True, subject="Default", at=None, editor=None),
    }
    return client


def post(client: FlaskClient, path: str, data: dict[str, Any], *, token_at: str = EDIT) -> Any:
    return client.post(path, data={**data, "csrf_token": form_token(client, token_at)})


def sent(fake: FakeApi, method: str) -> Any:
    """The last request with this method."""
    return [request for request in fake.asked if request.method == method][-1]


class TestEditing:
    """The form of a template."""

    def test_it_shows_what_is_said_as_text(self, manager: FlaskClient) -> None:
        page = manager.get(EDIT)
        assert fields_of(page.text)["html"] == PARTS["html"], "a line break at the beginning stays"
        assert "Guten Tag &lt;b&gt;" in page.text
        assert "each with description, amount" in page.text
        assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]

    def test_what_was_typed_is_kept_against_the_version_that_was_shown(
        self, manager: FlaskClient, fake: FakeApi
    ) -> None:
        answer = post(manager, EDIT, {**FORM, "html": "\r\n<p>\r\nA</p>\r\n"})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{EDIT}?saved=1")
        assert fake.bodies(ONE) == [{**PARTS, "html": "\n<p>\nA</p>\n"}]
        assert sent(fake, "PUT").headers["If-Match"] == '"3"'

    def test_what_is_as_it_was_makes_no_version(self, manager: FlaskClient, fake: FakeApi) -> None:
        assert post(manager, EDIT, FORM).status_code == 303
        assert fake.bodies(ONE) == []

    @pytest.mark.parametrize("part", ["subject", "html", "text"])
    def test_what_is_wrong_is_said_at_its_field_with_its_line(
        self, manager: FlaskClient, fake: FakeApi, part: str
    ) -> None:
        wrong = [{"where": f"/{part}", "message": "Line 2: There is no 'x'."}]
        fake.answers[f"PUT {ONE}"] = problem(422, "template_invalid", "The template is not valid.", errors=wrong)
        answer = post(manager, EDIT, {**FORM, part: "a\n{{ x }}<b>"})
        assert answer.status_code == 422
        assert f'id="{part}-said">Line 2: There is no &#39;x&#39;.<' in answer.text
        assert "{{ x }}&lt;b&gt;" in answer.text
        assert ('data-line="2"' in answer.text) == (part != "subject")
        assert 'name="version" value="&#34;3&#34;"' in answer.text

    @pytest.mark.parametrize("number", ["", "3", '"x"', '"0"', '"9"', '"3"\nX-More: 1', '"\u00e9"'])
    def test_a_version_that_there_is_not_is_refused(self, manager: FlaskClient, fake: FakeApi, number: str) -> None:
        fake.answers[f"GET {ONE}/versions/9"] = problem(404, "template_version_not_found", "None.")
        assert post(manager, EDIT, {**FORM, "version": number}).status_code == 400
        assert fake.bodies(ONE) == []

    def test_what_two_typed_at_once_is_chosen_from(self, manager: FlaskClient, fake: FakeApi) -> None:
        fake.answers[f"PUT {ONE}"] = problem(412, "changed_meanwhile", "Somebody changed it.")
        theirs = {**TEMPLATE, "subject": "Theirs", "text": "Their text", "version": 4}
        fake.answers[f"GET {ONE}"] = lambda _request: tagged(theirs, 4)
        fake.answers[f"GET {ONE}/versions/4"] = version(4, subject="Theirs", text="Their text")
        answer = post(manager, EDIT, {**FORM, "subject": "Mine", "html": "<p>Mine</p>"})
        assert answer.status_code == 412
        form = fields_of(answer.text)
        assert (form["conflict"], form["version"]) == ("subject", '"4"')
        assert (form["subject"], form["html"], form["text"]) == ("Mine", "<p>Mine</p>", "Their text")
        fake.answers[f"PUT {ONE}"] = TEMPLATE
        assert manager.post(EDIT, data={**form, "choice.subject": "theirs"}).status_code == 303
        assert fake.bodies(ONE)[-1] == {"subject": "Theirs", "html": "<p>Mine</p>", "text": "Their text"}
        assert sent(fake, "PUT").headers["If-Match"] == '"4"'
        again = manager.post(EDIT, data={**form, "again": "yes"}).text
        assert 'value="Mine"' in again

    def test_the_default_is_returned_to_only_when_it_is_meant(self, manager: FlaskClient, fake: FakeApi) -> None:
        asked = manager.get(f"{EDIT}/reset").text
        assert not [request for request in fake.asked if request.method == "DELETE"]
        assert manager.post(f"{EDIT}/reset", data=fields_of(asked)).status_code == 303
        assert sent(fake, "DELETE").headers["If-Match"] == '"3"'
        fake.answers[f"DELETE {ONE}"] = problem(412, "changed_meanwhile", "Somebody changed it.")
        assert "Somebody changed it." in manager.post(f"{EDIT}/reset", data=fields_of(asked)).text


class TestPreview:
    """What a template makes of data."""

    PATH = f"{EDIT}/preview"

    def _document(self, page: str) -> str:
        return page.partition('name="document" value="')[2].partition('"')[0]

    def test_the_mail_is_a_document_of_its_own_that_can_do_nothing(self, manager: FlaskClient, fake: FakeApi) -> None:
        page = post(manager, self.PATH, PARTS).text
        assert fake.bodies(f"{ONE}/preview") == [PARTS]
        assert "Ihre Quittung &lt;b&gt;" in page
        assert 'sandbox=""' in page
        assert PREVIEW["html"] not in page
        framed = post(manager, "/console/settings/mail/framed", {"document": self._document(page)})
        assert framed.text == PREVIEW["html"]
        assert {name: framed.headers[name] for name in FRAMED} == FRAMED

    @pytest.mark.parametrize("document", ["", "<script>alert(1)</script>", "eA.aa.bb"])
    def test_only_what_the_console_made_is_framed(self, manager: FlaskClient, document: str) -> None:
        answer = post(manager, "/console/settings/mail/framed", {"document": document})
        assert answer.status_code == 400
        assert "<script>alert" not in answer.text

    def test_a_customers_data_is_asked_for_and_what_is_made_up_is_said(
        self, manager: FlaskClient, fake: FakeApi
    ) -> None:
        page = post(manager, self.PATH, {**PARTS, "customer_id": ID}).text
        assert fake.bodies(f"{ONE}/preview")[-1]["customer_id"] == ID
        assert "never sent such a mail" in page
        assert "never sent such a mail" not in post(manager, self.PATH, PARTS).text
        assert post(manager, self.PATH, {**PARTS, "customer_id": "../x"}).status_code == 400

    def test_what_is_wrong_is_told_in_its_place(self, manager: FlaskClient, fake: FakeApi) -> None:
        wrong = [{"where": "/text", "message": "Line 2: There is no <x>."}]
        fake.answers[f"POST {ONE}/preview"] = problem(422, "template_invalid", "Not valid.", errors=wrong)
        answer = post(manager, self.PATH, PARTS)
        assert answer.status_code == 200
        assert '<a href="#text">Plain text</a>: Line 2: There is no &lt;x&gt;.' in answer.text
        fake.answers[f"POST {ONE}/preview"] = problem(404, "customer_not_found", "There is no such customer.")
        assert "There is no such customer." in post(manager, self.PATH, PARTS).text

    def test_customers_are_found_to_choose_from(self, manager: FlaskClient, fake: FakeApi) -> None:
        page = manager.get("/console/settings/mail/customers?q=anna").text
        assert f'name="customer_id" value="{ID}"' in page
        assert "Anna Müller" in page
        fake.answers["POST /v1/search/customers/query"] = {**PAGE, "items": []}
        assert "Nobody found." in manager.get("/console/settings/mail/customers?q=xyz").text
        fake.answers["POST /v1/search/customers/query"] = problem(422, "query_invalid", "Unknown field.")
        assert "Unknown field." in manager.get("/console/settings/mail/customers?q=a:b").text
        before = len(fake.asked)
        assert manager.get("/console/settings/mail/customers?q=").text.strip() == ""
        assert all(request.url.path.startswith("/v1/identity") for request in fake.asked[before:])


class TestVersions:
    """What was said before."""

    def test_they_are_listed_with_the_default_at_the_end(self, manager: FlaskClient, fake: FakeApi) -> None:
        page = manager.get(f"{EDIT}/versions").text
        assert page.index("Version 3") < page.index("Version 2") < page.index("Version 1")
        assert "The default again" in page
        fake.answers[f"GET {ONE}/versions"] = {"items": [version(3)], "next_cursor": "c"}
        page = manager.get(f"{EDIT}/versions").text
        assert "Version 1" not in page
        assert "cursor=c" in page

    def test_an_old_one_is_shown_and_used_again(self, manager: FlaskClient, fake: FakeApi) -> None:
        page = manager.get(f"{EDIT}/versions/2").text
        assert "Early &lt;b&gt;" in page
        assert "Different from now: Subject." in page
        answer = manager.post(f"{EDIT}/versions/2", data=fields_of(page))
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{EDIT}?saved=1")
        assert fake.bodies(ONE) == [{**PARTS, "subject": "Early <b>"}]
        assert sent(fake, "PUT").headers["If-Match"] == '"3"'

    def test_the_default_used_again_is_the_default(self, manager: FlaskClient, fake: FakeApi) -> None:
        page = manager.get(f"{EDIT}/versions/1").text
        assert manager.post(f"{EDIT}/versions/1", data=fields_of(page)).status_code == 303
        assert sent(fake, "DELETE").headers["If-Match"] == '"3"'

    def test_the_present_one_is_not_offered(self, manager: FlaskClient) -> None:
        page = manager.get(f"{EDIT}/versions/3").text
        assert "Use this one again" not in page
        assert "In use" in page

    def test_one_that_can_not_be_kept_any_more_says_why(self, manager: FlaskClient, fake: FakeApi) -> None:
        page = manager.get(f"{EDIT}/versions/2").text
        wrong = [{"where": "/subject", "message": "There is no 'x'."}]
        fake.answers[f"PUT {ONE}"] = problem(422, "template_invalid", "Not valid.", errors=wrong)
        answer = manager.post(f"{EDIT}/versions/2", data=fields_of(page))
        assert answer.status_code == 422
        assert "Subject: There is no &#39;x&#39;." in answer.text

    def test_the_mail_it_makes_is_a_document_that_can_do_nothing(self, manager: FlaskClient, fake: FakeApi) -> None:
        framed = manager.get(f"{EDIT}/versions/2/preview")
        assert framed.text == PREVIEW["html"]
        assert {name: framed.headers[name] for name in FRAMED} == FRAMED
        assert fake.bodies(f"{ONE}/preview") == [{**PARTS, "subject": "Early <b>"}]
        wrong = [{"where": "/html", "message": "<script> can't be in a mail."}]
        fake.answers[f"POST {ONE}/preview"] = problem(422, "template_invalid", "Not valid.", errors=wrong)
        framed = manager.get(f"{EDIT}/versions/2/preview")
        assert framed.headers["Content-Security-Policy"] == FRAMED["Content-Security-Policy"]
        assert "HTML: &lt;script&gt;" in framed.text


@pytest.mark.parametrize("path", ["re..ceipt/de", "receipt/d", "receipt/DE", "Receipt/de", "receipt/de/versions/0"])
def test_what_can_be_no_template_is_not_asked_for(manager: FlaskClient, fake: FakeApi, path: str) -> None:
    assert manager.get(f"/console/settings/mail/templates/{path}").status_code == 404
    assert all(request.url.path.startswith("/v1/identity/me") for request in fake.asked)


PAGES = (
    "", "/sender", "/customers?q=a", "/templates/receipt/de", "/templates/receipt/de/reset",
    "/templates/receipt/de/versions", "/templates/receipt/de/versions/2", "/templates/receipt/de/versions/2/preview",
)  # fmt: skip
FORMS = (
    "", "/sender", "/framed", "/templates/receipt/de", "/templates/receipt/de/reset",
    "/templates/receipt/de/preview", "/templates/receipt/de/versions/2",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_who_may_not_manage_mail_is_told_so_and_nothing_is_asked(client: FlaskClient, fake: FakeApi, path: str) -> None:
    fake.answers["GET /v1/identity/me"] = {**ME, "scopes": [*ME["scopes"], "notifications:read", "notifications:write"]}
    assert client.get(f"/console/settings/mail{path}").status_code == 403
    assert all(request.url.path.startswith("/v1/identity/me") for request in fake.asked)


@pytest.mark.parametrize("path", FORMS)
def test_forms_need_the_right_and_their_token(client: FlaskClient, fake: FakeApi, path: str) -> None:
    fake.answers["GET /v1/identity/me"] = {**ME, "scopes": [*ME["scopes"], "notifications:write"]}
    assert client.post(f"/console/settings/mail{path}", data=FORM).status_code == 400, "without a token"
    answer = post(client, f"/console/settings/mail{path}", FORM, token_at="/console/preferences")
    assert answer.status_code == 403
    assert all(request.method == "GET" for request in fake.asked)


def test_the_settings_lead_there_only_who_may(manager: FlaskClient, fake: FakeApi) -> None:
    fake.answers["GET /v1/identity/me/sessions"] = {"items": [], "next_cursor": None}
    link = 'href="/console/settings/mail"'
    assert link in manager.get("/console/settings/sessions").text
    fake.answers["GET /v1/identity/me"] = ME
    manager.set_cookie("accounts_stamp", "other", path="/console")
    assert link not in manager.get("/console/settings/sessions").text
