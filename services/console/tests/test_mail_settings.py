"""Kinds of mail, sender and look: what is sent to the API, what is shown of its answers, and conflicts."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.console.mail_form import WRONG_LOGO, known_by, values_of
from services.console.tests.conftest import FakeApi, form_token, problem
from services.console.tests.examples import ME
from services.console.tests.mail_examples import (
    GIF,
    LOGO,
    SETTINGS,
    SETTINGS_PATH,
    TEMPLATES,
    TEMPLATES_PATH,
    tagged,
)

KINDS = "/console/settings/mail"
SENDER = "/console/settings/mail/sender"


@pytest.fixture
def manager(client: FlaskClient, fake: FakeApi) -> FlaskClient:
    fake.answers |= {
        "GET /v1/identity/me": {**ME, "scopes": [*ME["scopes"], "notifications:manage"]},
        f"GET {SETTINGS_PATH}": lambda _request: tagged(SETTINGS, 4),
        f"PATCH {SETTINGS_PATH}": SETTINGS,
        f"GET {TEMPLATES_PATH}": TEMPLATES,
    }
    return client


def post(client: FlaskClient, path: str, data: dict[str, Any]) -> Any:
    return client.post(path, data={**data, "csrf_token": form_token(client, path)})


def sender_form(**changed: Any) -> dict[str, Any]:
    """The form as it is made of the settings, with these fields changed."""
    values = values_of(SETTINGS)
    return {"version": '"4"', **{f"was.{name}": value for name, value in values.items()}, **values, **changed}


def kinds_form(*on: str) -> dict[str, str]:
    """The form of the kinds with these turned on."""
    was = {f"was.{kind}": "yes" if is_on else "" for kind, is_on in SETTINGS["kinds"].items()}
    return {"version": '"4"', **was, **dict.fromkeys(on, "yes")}


def turned_on() -> list[str]:
    return [kind for kind, on in SETTINGS["kinds"].items() if on]


class TestKinds:
    """The list, and turning kinds on and off."""

    def test_all_are_listed_with_what_was_made_of_them(self, manager: FlaskClient) -> None:
        page = manager.get(KINDS).text
        assert page.count('data-label="Sent"') == 15
        row = page.partition('id="kind-receipt"')[2].partition("</tr>")[0]
        assert "Edited" in row
        assert "Receipt in German, edited" in row
        assert "Grace &lt;b&gt;H&lt;/b&gt;" in row
        welcome = page.partition('name="welcome"')[2].partition(">")[0]
        assert ("checked" in row, "checked" in welcome) == (True, False)
        assert "New kind" in page, "one that is new to this version has the API's own name"

    def test_only_what_differs_is_sent_against_the_version_that_was_shown(
        self, manager: FlaskClient, fake: FakeApi
    ) -> None:
        chosen = [kind for kind in turned_on() if kind != "receipt"]
        answer = post(manager, KINDS, kinds_form("welcome", *chosen))
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{KINDS}?saved=1")
        assert fake.bodies(SETTINGS_PATH) == [{"kinds": {"welcome": True, "receipt": False}}]
        assert fake.asked[-1].headers["If-Match"] == '"4"'

    def test_what_is_as_it_was_is_not_sent(self, manager: FlaskClient, fake: FakeApi) -> None:
        assert post(manager, KINDS, kinds_form(*turned_on())).status_code == 303
        assert fake.bodies(SETTINGS_PATH) == []

    def test_what_two_changed_at_once_is_shown_and_both_kept(self, manager: FlaskClient, fake: FakeApi) -> None:
        fake.answers[f"PATCH {SETTINGS_PATH}"] = problem(412, "changed_meanwhile", "Somebody changed it.")
        theirs = {**SETTINGS, "kinds": {**SETTINGS["kinds"], "invoice": False}}
        fake.answers[f"GET {SETTINGS_PATH}"] = lambda _request: tagged(theirs, 5)
        answer = post(manager, KINDS, kinds_form("welcome", *turned_on()))
        assert answer.status_code == 412
        assert "Grace &lt;b&gt;H&lt;/b&gt;" in answer.text
        assert "Your changes don't clash with theirs" in answer.text.replace("&#39;", "'")
        fake.answers[f"PATCH {SETTINGS_PATH}"] = SETTINGS
        assert manager.post(KINDS, data=fields_of(answer.text)).status_code == 303
        assert fake.bodies(SETTINGS_PATH)[-1] == {"kinds": {"welcome": True}}
        assert fake.asked[-1].headers["If-Match"] == '"5"'


class TestSender:
    """Sender and look."""

    def test_it_shows_what_holds_while_nothing_is_set(self, manager: FlaskClient) -> None:
        page = manager.get(SENDER).text
        for each in (
            "While it is empty: Operator.",
            "At one of: example.com.",
            "service@operator.example",
            "Weg 1\n10115 Berlin",
        ):
            assert each in page

    def test_only_what_differs_is_sent_and_what_is_empty_is_cleared(self, manager: FlaskClient, fake: FakeApi) -> None:
        form = sender_form(sender_name=" Ours ", reply_to="", renewal_notice_days="14", postal_address="A\r\nB")
        assert post(manager, SENDER, form).status_code == 303
        assert fake.bodies(SETTINGS_PATH) == [
            {"sender_name": "Ours", "reply_to": None, "renewal_notice_days": 14, "postal_address": "A\nB"}
        ]
        assert fake.asked[-1].headers["If-Match"] == '"4"'

    def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
        self, manager: FlaskClient, fake: FakeApi
    ) -> None:
        wrong = [{"where": "/renewal_notice_days", "message": "Not a whole number."}]
        fake.answers[f"PATCH {SETTINGS_PATH}"] = problem(422, "invalid", "Something is wrong.", errors=wrong)
        answer = post(manager, SENDER, sender_form(renewal_notice_days="soon", sender_name="Ours", logo_file=gif()))
        assert answer.status_code == 422
        assert 'id="renewal_notice_days-said">Not a whole number.<' in answer.text
        assert 'value="soon"' in answer.text
        assert f'name="logo_kept" value="{LOGO}"' in answer.text, "a file can't be chosen again by a page"
        assert fields_of(answer.text)["was.sender_name"] == ""

    def test_a_logo_is_sent_as_the_api_takes_it(self, manager: FlaskClient, fake: FakeApi) -> None:
        post(manager, SENDER, sender_form(logo_file=gif()))
        post(manager, SENDER, sender_form(logo_kept=LOGO))
        assert fake.bodies(SETTINGS_PATH) == [{"logo": LOGO}, {"logo": LOGO}]

    def test_a_logo_is_removed(self, manager: FlaskClient, fake: FakeApi) -> None:
        fake.answers[f"GET {SETTINGS_PATH}"] = lambda _request: tagged({**SETTINGS, "logo": LOGO}, 4)
        assert f'src="{LOGO}"' in manager.get(SENDER).text
        post(manager, SENDER, {**sender_form(), "was.logo": known_by(LOGO), "logo_removed": "yes"})
        post(manager, SENDER, {**sender_form(), "was.logo": known_by(LOGO)})
        assert fake.bodies(SETTINGS_PATH) == [{"logo": None}]

    @pytest.mark.parametrize("content", [b"hello", b"\x89PNG\r\n\x1a\n" + b"x" * 60_000], ids=["text", "too large"])
    def test_what_can_be_no_logo_is_refused(self, manager: FlaskClient, fake: FakeApi, content: bytes) -> None:
        answer = post(manager, SENDER, sender_form(sender_name="Ours", logo_file=(io.BytesIO(content), "logo.png")))
        assert answer.status_code == 422
        assert WRONG_LOGO in answer.text
        assert 'value="Ours"' in answer.text
        assert fake.bodies(SETTINGS_PATH) == []

    def test_what_is_sent_back_as_a_logo_and_is_none_is_not_shown(self, manager: FlaskClient, fake: FakeApi) -> None:
        post(manager, SENDER, sender_form(logo_kept="https://example.com/pixel.gif", sender_name="Ours"))
        assert fake.bodies(SETTINGS_PATH) == [{"sender_name": "Ours"}]


class TestConflict:
    """Somebody else was faster."""

    THEIRS = {**SETTINGS, "sender_name": "Theirs", "color": "#000000", "logo": LOGO}  # noqa: RUF012

    @pytest.fixture
    def faster(self, manager: FlaskClient, fake: FakeApi) -> FlaskClient:
        fake.answers[f"PATCH {SETTINGS_PATH}"] = problem(412, "changed_meanwhile", "Somebody changed it.")
        fake.answers[f"GET {SETTINGS_PATH}"] = lambda _request: tagged(self.THEIRS, 5)
        return manager

    def _asked(self, faster: FlaskClient, fake: FakeApi) -> dict[str, str]:
        answer = post(faster, SENDER, sender_form(sender_name="Mine", reply_to="new@example.com"))
        assert answer.status_code == 412
        assert "Choose what is to stay." in answer.text
        fake.answers[f"PATCH {SETTINGS_PATH}"] = SETTINGS
        return fields_of(answer.text)

    @pytest.mark.parametrize(("choice", "name"), [("mine", {"sender_name": "Mine"}), ("theirs", {})])
    def test_one_chooses_and_what_does_not_clash_is_kept(
        self, faster: FlaskClient, fake: FakeApi, choice: str, name: dict[str, str]
    ) -> None:
        form = self._asked(faster, fake)
        assert faster.post(SENDER, data={**form, "choice.sender_name": choice}).status_code == 303
        assert fake.bodies(SETTINGS_PATH)[-1] == {**name, "reply_to": "new@example.com"}
        assert fake.asked[-1].headers["If-Match"] == '"5"'

    @pytest.mark.parametrize("more", [{}, {"choice.sender_name": "both"}, {"again": "yes"}], ids=str)
    def test_without_a_choice_nothing_is_sent(self, faster: FlaskClient, fake: FakeApi, more: dict[str, str]) -> None:
        form, before = self._asked(faster, fake), len(fake.bodies(SETTINGS_PATH))
        answer = faster.post(SENDER, data={**form, **more})
        assert answer.status_code == 200
        assert 'value="Mine"' in answer.text
        assert 'name="version" value="&#34;5&#34;"' in answer.text
        assert len(fake.bodies(SETTINGS_PATH)) == before

    def test_the_same_sent_twice_is_saved(self, faster: FlaskClient) -> None:
        assert post(faster, SENDER, sender_form(sender_name="Theirs")).status_code == 303

    def test_a_logo_of_ones_own_and_theirs_are_both_shown(self, faster: FlaskClient, fake: FakeApi) -> None:
        mine = base64.b64encode(base64.b64decode(GIF) + b"\n").decode()
        file = (io.BytesIO(base64.b64decode(mine)), "logo.gif")
        answer = post(faster, SENDER, sender_form(logo_file=file))
        assert answer.status_code == 412
        for picture in (LOGO, f"data:image/gif;base64,{mine}"):
            assert f'src="{picture}"' in answer.text
        fake.answers[f"PATCH {SETTINGS_PATH}"] = SETTINGS
        form = {**fields_of(answer.text), "choice.logo": "mine"}
        assert faster.post(SENDER, data=form).status_code == 303
        assert fake.bodies(SETTINGS_PATH)[-1] == {"logo": f"data:image/gif;base64,{mine}"}


def gif() -> tuple[io.BytesIO, str]:
    """A file that can be a logo."""
    return io.BytesIO(base64.b64decode(GIF)), "logo.gif"


def fields_of(page: str) -> dict[str, str]:
    """What the page's form would send, without what has to be chosen."""
    form = re.search(r'<form(?:(?!</form>).)*name="version".*?</form>', page, re.DOTALL)
    assert form is not None
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form[0])
    found += re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form[0], re.DOTALL)
    return {name: unescaped(value) for name, value in found}


def unescaped(text: str) -> str:
    """Text of an attribute."""
    for escape, sign in (("&#34;", '"'), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escape, sign)
    return text
