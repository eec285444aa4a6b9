"""What an editor of templates and settings is told: who changed what, old versions, where something is wrong."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from services.notifications.tests.conftest import Api, World

ONE = "/templates/welcome/en"
GOOD = {"subject": "Hi {{ customer.name }}", "html": "<p>{{ greeting }}</p>", "text": "{{ greeting }}"}
LOGO = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def put(api: Api, match: str = "*", **parts: str) -> Any:
    """Edit the template."""
    return api.send("PUT", ONE, {**GOOD, **parts}, headers={"If-Match": match})


def test_templates_tell_who_edited_them(world: World, api: Api) -> None:
    untouched = next(item for item in api.get("/templates")["items"] if item["kind"] == "welcome")
    assert (untouched["editor"], untouched["edited_at"]) == (None, None)
    put(api)
    edited = next(item for item in api.get("/templates")["items"] if not item["is_default"])
    assert (edited["editor"]["name"], edited["edited_at"]) == ("Key of A", "2026-03-12T09:30:00.000000Z")


def test_settings_tell_who_edited_them(world: World, api: Api) -> None:
    assert (api.get("/settings")["editor"], api.get("/settings")["edited_at"]) == (None, None)
    api.set(kinds={"welcome": False})
    settings = api.get("/settings")
    assert (settings["editor"]["name"], settings["edited_at"]) == ("Key of A", "2026-03-12T09:30:00.000000Z")
    world.clock.forward(days=1)
    api.set(kinds={"welcome": False})
    assert api.get("/settings") == settings, "what changes nothing isn't an edit"


def test_settings_tell_whom_mails_come_from(api: Api) -> None:
    told = api.get("/settings")
    assert told["sender"] == {"name": "Example Service", "address": "service@mail.example"}
    assert told["sender_domains"] == ["mail.example"]
    api.set(sender_name="Ours")
    assert api.get("/settings")["sender"] == {"name": "Ours", "address": "service@mail.example"}


class TestVersions:
    """One version by its number."""

    def test_each_version_can_be_read_again(self, api: Api) -> None:
        default = api.get(ONE)
        put(api)
        put(api, subject="Second")
        api.send("DELETE", ONE)
        found = [api.get(f"{ONE}/versions/{number}") for number in (1, 2, 3, 4)]
        assert [each["is_default"] for each in found] == [True, False, False, True]
        assert [each["subject"] for each in found] == [
            default["subject"], GOOD["subject"], "Second", default["subject"]
        ]  # fmt: skip
        assert (found[0]["editor"], found[0]["at"]) == (None, None)
        assert found[3]["editor"]["name"] == "Key of A"
        assert found[0]["html"] == default["html"]

    @pytest.mark.parametrize("version", ["0", "2", "99999999999", "-1", "x"])
    def test_there_is_no_other(self, api: Api, version: str) -> None:
        assert api.send("GET", f"{ONE}/versions/{version}").status_code == 404

    def test_another_publishers_are_not_there(self, api: Api) -> None:
        put(api)
        assert api.send("GET", f"{ONE}/versions/2", as_="b").status_code == 404
        assert api.send("GET", "/templates/welcome/xx/versions/1").status_code == 404

    def test_only_what_was_read_is_given_up_for_the_default(self, api: Api) -> None:
        put(api)
        put(api, subject="Second")
        refused = api.send("DELETE", ONE, headers={"If-Match": '"2"'})
        assert (refused.status_code, refused.headers["ETag"]) == (412, '"3"')
        assert api.get(ONE)["subject"] == "Second"
        assert api.send("DELETE", ONE, headers={"If-Match": '"3"'}).status_code == 200


class TestPreview:
    """What a preview tells besides the mail."""

    PATH = f"{ONE}/preview"

    @pytest.mark.parametrize("part", ["subject", "html", "text"])
    def test_what_could_not_be_kept_is_not_shown_either(self, api: Api, part: str) -> None:
        for wrong in ("{{ nothing }}", "{% if %}", "{{ customer.nothing }}"):
            answer = api.send("POST", self.PATH, {part: f"x\n{wrong}"})
            (error,) = (answer.json or {})["errors"]
            assert (answer.status_code, error["where"], error["message"][:7]) == (422, f"/{part}", "Line 2:")

    @pytest.mark.parametrize("part", ["subject", "html", "text"])
    def test_what_fails_with_a_customers_data_only_is_told_at_its_part(self, world: World, api: Api, part: str) -> None:
        customer_id = world.customer(first_name=None, last_name=None)
        source = {**GOOD, part: "x\n{% if not customer.name %}{{ customer.nothing }}{% endif %}"}
        assert api.send("POST", self.PATH, source).status_code == 200
        answer = api.send("POST", self.PATH, {**source, "customer_id": customer_id})
        (error,) = (answer.json or {})["errors"]
        assert (answer.status_code, error["where"], error["message"][:7]) == (422, f"/{part}", "Line 2:")

    def test_it_says_whether_the_facts_are_real(self, world: World, api: Api) -> None:
        customer_id = world.customer()
        told = [
            (api.send("POST", f"/templates/{kind}/en/preview", body).json or {})["made_up"]
            for kind, body in (("welcome", {}), ("receipt", {"customer_id": customer_id}))
        ]
        assert told == [True, True]

    def test_the_logo_is_in_it(self, api: Api) -> None:
        api.set(logo=LOGO)
        shown = (api.send("POST", self.PATH, {}).json or {})["html"]
        assert LOGO in shown
        assert "cid:" not in shown


class TestFaults:
    """The line on which something is wrong."""

    WRONG: ClassVar = {
        "a\n{{ nothing }}": "Line 2: There is no 'nothing'.",
        "a\n\n{{ customer.nothing }}": "Line 3: ",
        "a\n<script>x</script>": "Line 2: <script> can't be in a mail.",
        "a\n{% if amount %}\n<p onclick=x>\n{% endif %}": "Line 3: the attribute onclick of <p> can't be in a mail.",
        "a\n{% for x in nothing %}{% endfor %}": "Line 2: There is no 'nothing'.",
        "{% for x in lines %}\n{{ x }}{% endfor %}\n{{ x }}": "There is no 'x'.",
        "{% if %}": "Line 1: ",
    }

    @pytest.mark.parametrize("source", WRONG)
    def test_it_is_told(self, api: Api, source: str) -> None:
        answer = put(api, html=source)
        assert answer.status_code == 422
        assert self.WRONG[source] in answer.json["errors"][0]["message"]


@pytest.mark.parametrize("language", ["en", "pl"])
def test_whatever_is_told_to_be_there_can_be_named(api: Api, language: str) -> None:
    names = api.get(f"/templates/receipt/{language}")["names"]
    assert {"customer.first_name", "amount", "details", "labels.offer"} <= {told["name"] for told in names}
    source = "".join(
        "{% for one in "
        + told["name"]
        + " %}"
        + "".join(f"{{{{ one.{part} }}}}" for part in told["each"])
        + "{% endfor %}"
        if told["each"] is not None
        else f"{{{{ {told['name']} }}}}"
        for told in names
    )
    answer = api.send("POST", f"/templates/receipt/{language}/preview", {"text": source})
    assert answer.status_code == 200, answer.text
    assert all(told["becomes"] in (answer.json or {})["text"] for told in names if told["name"] in ("amount", "date"))
