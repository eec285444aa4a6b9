"""The API: the log, previews, sending again, templates, settings, bounces. Bad input changes nothing."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any, ClassVar

import pytest
from sqlalchemy import select

from servicekit.db.tables import audit_entry
from services.notifications.tests.conftest import Api, World, anonymized, edited

HOSTILE = "<script>alert(1)</script>{{ 7*7 }}{% for x in y %}\r\nBcc: evil@example.com \u202eabc" + "x" * 1_000_000


def report(email_id: str, *, action: str = "failed", status: str = "5.1.1") -> bytes:
    """A delivery status notification about a mail."""
    return (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\nFrom: MAILER-DAEMON@x\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; anna@example.com\r\nAction: {action}\r\n"
        f"Status: {status}\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\n"
        f"Message-ID: <{email_id}@mail.example>\r\nSubject: x\r\n\r\n--b--\r\n"
    ).encode()


def test_the_log_is_paged_and_filtered(world: World, api: Api) -> None:
    customers = [world.customer(email=f"c{number}@example.com") for number in range(3)]
    world.sender.step()
    pages, cursor = [], ""
    while True:
        page = api.get(f"/emails?limit=1{cursor}")
        pages += [item["customer_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(pages) == sorted(customers)
    assert len(api.get(f"/emails?customer_id={customers[0]}&kind=welcome,receipt&status=sent")["items"]) == 1
    assert api.get("/emails?status=failed")["items"] == []
    assert api.get("/emails?created_from=2030-01-01T00:00:00Z")["items"] == []
    assert api.get("/emails", as_="b")["items"] == []
    for wrong in ("kind=x", "status=", "cursor=x", "limit=0", "created_from=yesterday", "nonsense=1"):
        assert api.send("GET", f"/emails?{wrong}").status_code in (400, 422), wrong


def test_the_audit_log_says_whose_mails_were_listed(world: World, api: Api) -> None:
    customer_id = world.customer()
    for asked in (f"?customer_id={customer_id}", "?customer_id=anna@example.com", ""):
        api.get(f"/emails{asked}")
    with world.system.transaction() as session:
        listed = select(audit_entry.c.subject).where(audit_entry.c.action == "notifications.email.listed")
        assert session.scalars(listed.order_by(audit_entry.c.id)).all() == [customer_id, None, None], "IDs only"


def test_a_mail_is_previewed_as_it_was_sent_by_a_document_that_can_do_nothing(world: World, api: Api) -> None:
    world.customer(first_name="<script>alert(1)</script>")
    (mail,) = world.emails()
    answer = api.send("GET", f"/emails/{mail.id}/preview")
    assert answer.text == mail.html
    assert "&lt;script&gt;" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert api.send("GET", f"/emails/{mail.id}/preview?part=text").text == mail.text
    assert api.send("GET", f"/emails/{mail.id}/preview", as_="b").status_code == 404
    assert api.send("GET", f"/emails/{mail.id}/preview", as_="masked").status_code == 403
    masked = api.get(f"/emails/{mail.id}", as_="masked")
    assert (masked["subject"], masked["to"], masked["kind"]) == (None, None, "welcome")


def test_hostile_values_stay_values(world: World, api: Api) -> None:
    world.customer(first_name=HOSTILE, last_name=HOSTILE)
    assert world.sender.step() == 1
    (mail,) = world.transport.taken
    assert "<script>" not in mail.html
    assert "{{ 7*7 }}" in mail.text
    assert "\r" not in mail.subject + (mail.to_name or "")
    assert "\u202e" not in mail.html + mail.text
    assert len(mail.html) < 20_000


class TestResending:
    """A mail again: to the present address, as an entry of its own, or refused with a reason."""

    def _sent(self, world: World) -> tuple[str, str]:
        customer_id = world.customer()
        world.sender.step()
        return customer_id, world.emails()[-1].id

    def test_it_goes_to_the_present_address_and_points_to_the_original(self, world: World, api: Api) -> None:
        customer_id, email_id = self._sent(world)
        world.take(edited(customer_id, 2, email="new@example.com"))
        answer = api.send("POST", f"/emails/{email_id}/resend", headers={"Idempotency-Key": "k"})
        assert answer.status_code == 201, answer.text
        assert ((answer.json or {})["to"], (answer.json or {})["resend_of"]) == ("new@example.com", email_id)
        again = api.send("POST", f"/emails/{email_id}/resend", headers={"Idempotency-Key": "k"})
        assert again.json == answer.json
        assert world.sender.step() == 1
        original, copy = world.transport.taken
        assert (copy.html, copy.subject) == (original.html, original.subject)
        assert copy.message_id != original.message_id

    @pytest.mark.parametrize(
        "reason", ["customer_anonymized", "publisher_delivers", "still_queued", "no_address", "address_bounced"]
    )
    def test_it_is_refused_where_it_makes_no_sense(self, world: World, api: Api, reason: str) -> None:
        customer_id, email_id = self._sent(world)
        if reason == "customer_anonymized":
            world.take(anonymized(customer_id))
        elif reason == "publisher_delivers":
            api.set(delivery="publisher")
        elif reason == "still_queued":
            email_id = (api.send("POST", f"/emails/{email_id}/resend").json or {})["id"]
        elif reason == "no_address":
            world.take(edited(customer_id, 2, email=None))
        else:
            assert api.send("POST", "/bounces", raw=report(email_id)).status_code == 200
        before = len(world.emails())
        answer = api.send("POST", f"/emails/{email_id}/resend")
        assert (answer.status_code, (answer.json or {})["code"]) == (409, reason)
        assert len(world.emails()) == before
        assert not api.get(f"/emails/{email_id}")["resendable"]


class TestBounces:
    """Mail that comes back."""

    def test_a_report_makes_a_mail_bounced_and_its_address_is_not_written_to_again(
        self, world: World, api: Api
    ) -> None:
        customer_id = world.customer()
        world.sender.step()
        (mail,) = world.emails()
        for _ in range(2):
            answer = api.send("POST", "/bounces", raw=report(mail.id))
            assert (answer.json or {})["email_status"] == "bounced", answer.text
        assert [event.type for event in world.published()].count("notifications.email.bounced.v1") == 1
        world.take(edited(customer_id, 5, email="new@example.com"))
        assert api.get(f"/emails/{mail.id}")["failure_code"] == "address_unknown"

    @pytest.mark.parametrize("changed", [{"action": "delayed", "status": "4.4.1"}, {"action": "relayed"}])
    def test_other_reports_change_nothing(self, world: World, api: Api, changed: dict[str, str]) -> None:
        world.customer()
        world.sender.step()
        (mail,) = world.emails()
        assert api.send("POST", "/bounces", raw=report(mail.id, **changed)).status_code == 200
        assert world.emails()[0].status == "sent"

    @pytest.mark.parametrize("status", ["5.1.7", "5.1.8"])
    def test_what_is_wrong_with_the_sender_does_not_stop_mail_to_the_recipient(
        self, world: World, api: Api, status: str
    ) -> None:
        world.customer()
        world.sender.step()
        (mail,) = world.emails()
        assert api.send("POST", "/bounces", raw=report(mail.id, status=status)).status_code == 200
        assert world.emails()[0].failure_code == "bounced"
        assert api.send("POST", f"/emails/{mail.id}/resend").status_code == 201

    def test_nobody_bounces_anothers_mail_or_one_that_was_not_sent(self, world: World, api: Api) -> None:
        world.customer()
        (mail,) = world.emails()
        assert (api.send("POST", "/bounces", raw=report(mail.id), as_="b").json or {})["email_id"] is None
        api.send("POST", "/bounces", raw=report(mail.id))
        assert world.emails()[0].status == "queued"

    @pytest.mark.parametrize("body", [b"", b"hello", b"\xff\xfe\x00", EmailMessage().as_bytes(), report("x")[:200]])
    def test_what_is_no_report_is_refused(self, api: Api, body: bytes) -> None:
        assert api.send("POST", "/bounces", raw=body).status_code == 400
        assert api.send("POST", "/bounces", {"a": 1}).status_code == 415


class TestTemplates:
    """Templates: checked, versioned, previewed, reset."""

    GOOD: ClassVar = {"subject": "Hi {{ customer.name }}", "html": "<p>{{ greeting }}</p>", "text": "{{ greeting }}"}

    def _put(self, api: Api, body: dict[str, Any], match: str = "*", path: str = "welcome/en") -> Any:
        return api.send("PUT", f"/templates/{path}", body, headers={"If-Match": match})

    def test_a_template_is_edited_used_listed_and_reset(self, world: World, api: Api) -> None:
        assert len(api.get("/templates")["items"]) == 14 * 6
        first = api.send("GET", "/templates/welcome/en")
        answer = self._put(api, self.GOOD, first.headers["ETag"])
        assert (answer.status_code, answer.json["version"], answer.json["is_default"]) == (200, 2, False), answer.text
        assert self._put(api, self.GOOD, first.headers["ETag"]).status_code == 412
        world.customer()
        assert world.emails()[0].subject == "Hi Anna Müller"
        assert api.send("DELETE", "/templates/welcome/en").json["is_default"]  # type: ignore[index]
        world.customer(email="b@example.com")
        assert world.emails()[1].subject == "Welcome to Example Service"
        versions = api.get("/templates/welcome/en/versions")["items"]
        assert [(each["version"], each["is_default"]) for each in versions] == [(3, True), (2, False)]
        assert versions[1]["editor"]["name"] == "Key of A"
        assert api.get("/templates/welcome/en", as_="b")["version"] == 1
        assert self._put(api, self.GOOD, path="welcome/xx").status_code == 404

    @pytest.mark.parametrize(
        "evil",
        [
            "{{ ''.__class__ }}", "{{ customer.__class__ }}", "{{ customer['__class__'] }}",
            "{% for a in range(9) %}x{% endfor %}",
            "{{ 'a' * 999999999 }}", "{{ 10 ** 99 }}", "{% include '/etc/passwd' %}", "{% import 'os' as os %}",
            "{{ cycler.__init__.__globals__ }}", "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "{% set x = 1 %}",
            "{{ customer.name.format(customer) }}", "{{ customer|attr('x') }}", "{{ details|map('upper') }}",
            "{{ nothing }}",
            "{% for a in details %}{% for b in details %}{% for c in details %}x{% endfor %}{% endfor %}{% endfor %}",
            "{% for a in 'abc' %}x{% endfor %}", "{{ unclosed", "{% if %}", "   ", "{{ lipsum() }}", "{{ self }}",
            "{{ 'x'|center(999999999) }}", "{{ [1,2]|length }}",
        ],
    )  # fmt: skip
    def test_what_loops_calls_or_reaches_is_refused(self, api: Api, evil: str) -> None:
        for part in ("subject", "html", "text"):
            answer = self._put(api, {**self.GOOD, part: evil})
            assert (answer.status_code, answer.json["code"]) == (422, "template_invalid"), (evil, answer.text)
            assert answer.json["errors"][0]["where"] == f"/{part}"
        assert api.get("/templates/welcome/en")["is_default"]

    @pytest.mark.parametrize(
        "evil",
        [
            "<script>x</script>", "<p onclick=x>a</p>", "<iframe src=x></iframe>", "<a href='javascript:x'>a</a>",
            "<style>p{}</style>", "<form><input></form>", "<!-- x -->a", "<link rel=stylesheet href=x>a",
        ],
    )  # fmt: skip
    def test_html_that_runs_or_embeds_is_refused(self, api: Api, evil: str) -> None:
        answer = self._put(api, {**self.GOOD, "html": evil})
        assert answer.status_code == 422, answer.text
        assert "can't be in a mail" in answer.json["errors"][0]["message"]

    def test_a_preview_shows_real_data_and_keeps_nothing(self, world: World, api: Api) -> None:
        customer_id = world.customer(first_name="Real")
        path = "/templates/receipt/de/preview"
        shown = api.send("POST", path, {"html": "<p>{{ customer.name }}</p>", "customer_id": customer_id}).json or {}
        assert "Real Müller" in shown["html"]
        assert (api.send("POST", path, {}).json or {})["subject"] == "Ihre Quittung von Example Service"
        assert api.send("POST", path, {"customer_id": "cus_nobody"}).status_code == 404
        assert api.send("POST", path, {"html": "{{ x.y }}"}).status_code == 422
        assert api.get("/templates/receipt/de")["is_default"]


class TestSettings:
    """Mail settings."""

    @pytest.mark.parametrize(
        "wrong",
        [
            {"color": "red"}, {"sender_address": "nobody"}, {"sender_address": "a@elsewhere.example"},
            {"delivery": "x"},
            {"sender_name": "a\r\nBcc: x"}, {"website_url": "javascript:x"}, {"time_zone": "Mars"}, {"language": "xx"},
            {"renewal_notice_days": 0}, {"kinds": {"x": True}}, {"kinds": {"welcome": "no"}}, {"logo": "data:x"},
            {"logo": "data:image/png;base64,AAAA"}, {"postal_address": "a\n" * 20}, {"nonsense": 1},
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_refused_and_changes_nothing(self, api: Api, wrong: dict[str, Any]) -> None:
        answer = api.send("PATCH", "/settings", wrong, headers={"If-Match": "*"})
        assert answer.status_code == 422, answer.text
        assert api.get("/settings")["revision"] == 1

    def test_a_logo_goes_with_each_mail_and_is_in_its_preview(self, world: World, api: Api) -> None:
        logo = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
        api.set(logo=logo, sender_name="Müller & Söhne", sender_address="hello@mail.example")
        world.customer()
        (mail,) = world.emails()
        assert "cid:logo" in (mail.html or "")
        assert logo in api.send("GET", f"/emails/{mail.id}/preview").text
        world.sender.step()
        assert world.transport.taken[0].logo is not None
        assert world.transport.taken[0].from_address == "hello@mail.example"
        assert api.get("/settings")["logo"] == logo
        assert api.send("PATCH", "/settings", {"logo": None}, headers={"If-Match": '"1"'}).status_code == 412
