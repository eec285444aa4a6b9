"""Events become mails: each once, in the customer's language, to whom they are for."""

from __future__ import annotations

from dataclasses import replace

from services.notifications.delivery.port import Unreachable
from services.notifications.tests.conftest import Api, World, anonymized, created, edited


def test_a_new_customer_is_welcomed_once_however_often_the_event_comes(world: World) -> None:
    event = created(language="de-AT")
    world.take(event, event)
    world.take(event)
    assert world.sender.step() == 1
    assert world.sender.step() == 0
    (mail,) = world.transport.taken
    assert (mail.to_address, mail.to_name, mail.language) == ("anna@example.com", "Anna Müller", "de")
    assert mail.subject == "Willkommen bei Example Service"
    assert "Guten Tag Anna Müller" in mail.text
    (row,) = world.emails()
    assert (row.status, row.kind, row.attempts) == ("sent", "welcome", 1)
    assert [event.type for event in world.published()] == [
        "notifications.email.queued.v1",
        "notifications.email.sent.v1",
    ]


def test_whoever_was_imported_or_registered_long_ago_is_not_welcomed(world: World) -> None:
    world.take(created(imported=True), created(registered_at="2025-01-01T00:00:00Z"), created(email=None))
    assert world.emails() == []


def test_an_event_that_comes_late_still_gets_its_mail_to_the_present_address(world: World) -> None:
    event = created(first_name="Old")
    world.take(edited(event.subject, 5, email="new@example.com", first_name="New"))
    world.take(event)
    (mail,) = world.emails()
    assert (mail.to_address, mail.to_name) == ("new@example.com", "New Müller")


def test_an_older_state_does_not_take_the_place_of_a_newer_one(world: World) -> None:
    customer_id = world.customer()
    world.take(edited(customer_id, 3, email="third@example.com"), edited(customer_id, 2, email="second@example.com"))
    world.take(replace(created(id=customer_id), id="evt_again"))
    assert world.emails()[-1].to_address == "third@example.com"


def test_a_language_that_there_is_not_becomes_the_publishers(world: World, api: Api) -> None:
    api.set(language="pl")
    world.customer(language="fi")
    assert world.emails()[0].language == "pl"


def test_a_kind_that_is_turned_off_is_not_sent(world: World, api: Api) -> None:
    api.set(kinds={"welcome": False})
    world.customer()
    assert world.emails() == []
    api.set(kinds={"welcome": True})
    world.customer()
    assert len(world.emails()) == 1


def test_a_publisher_that_delivers_itself_gets_mails_generated_and_not_sent(world: World, api: Api) -> None:
    api.set(delivery="publisher")
    world.customer()
    assert world.sender.step() == 0
    (mail,) = world.emails()
    assert mail.status == "generated_not_sent"
    assert mail.html
    assert [event.type for event in world.published()] == ["notifications.email.generated.v1"]


def test_publishers_are_kept_apart(world: World) -> None:
    event = created()
    world.take(event)
    world.take(replace(event, publisher_id="pub_b", id="evt_b"), publisher_id="pub_b")
    assert len(world.emails("pub_a")) == len(world.emails("pub_b")) == 1


class TestErasure:
    """Anonymizing: the last mail goes out, then everything goes, then it is confirmed."""

    def test_the_last_mail_goes_out_before_its_address_is_erased(self, world: World) -> None:
        customer_id = world.customer(last_name="Canary")
        world.sender.step()
        world.take(anonymized(customer_id))

        (welcome, last) = world.emails()
        assert (welcome.to_address, welcome.html, welcome.facts) == (None, None, None)
        assert (last.kind, last.to_address, last.status) == ("account_anonymized", "anna@example.com", "queued")
        assert "notifications.subject.erased.v1" not in [event.type for event in world.published()]

        world.transport.answers = [Unreachable("not_reachable")]
        world.sender.step()
        assert world.scheduler.step() == 0
        assert world.sender.step() == 1
        assert world.scheduler.step() == 1

        assert [mail.subject for mail in world.transport.taken][-1] == "Your personal data has been deleted"
        for mail in world.emails():
            assert (mail.status, mail.to_address, mail.subject, mail.html, mail.text) == (
                "sent",
                None,
                None,
                None,
                None,
            )
        confirmed = world.published()[-1]
        assert confirmed.type == "notifications.subject.erased.v1"
        assert confirmed.data["customer_id"] == confirmed.subject == customer_id
        assert not [event for event in world.published() if b"Canary" in event.to_json() or b"anna@" in event.to_json()]

    def test_a_state_that_was_blanked_on_its_way_does_not_take_the_address_away(self, world: World) -> None:
        customer_id = world.customer()
        world.take(edited(customer_id, 2, email=None, first_name=None, last_name=None, external_ids=[]))
        world.take(anonymized(customer_id))
        assert world.emails()[-1].to_address == "anna@example.com"

    def test_doing_it_again_changes_nothing(self, world: World) -> None:
        customer_id = world.customer()
        event = anonymized(customer_id)
        world.take(event, event)
        world.take(replace(event, id="evt_other"))
        world.sender.step()
        world.scheduler.step()
        world.take(replace(event, id="evt_third"))
        assert world.scheduler.step() == 0
        assert [mail.kind for mail in world.emails()] == ["welcome", "account_anonymized"]
        types = [event.type for event in world.published()]
        assert types.count("notifications.subject.erased.v1") == 1

    def test_who_has_no_address_is_erased_at_once(self, world: World) -> None:
        customer_id = world.customer(email=None)
        world.take(anonymized(customer_id))
        assert [event.type for event in world.published()] == ["notifications.subject.erased.v1"]
        world.take(anonymized("cus_06h5yvkg1scm7h3b8k5rqt2zzz"))
        assert len(world.published()) == 2

    def test_nothing_about_an_erased_customer_is_taken_in_again(self, world: World) -> None:
        customer_id = world.customer(email=None)
        world.take(anonymized(customer_id))
        world.take(edited(customer_id, 20, email="back@example.com"), created(id=customer_id, version=21))
        assert world.emails() == []
