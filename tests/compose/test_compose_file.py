"""docker-compose.yml keeps what it promises, as far as can be told without an engine."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest

from embedded.postgres import SETTINGS
from tests.compose import compose_file
from tests.compose.compose_file import FILE, ROOT, VARIABLE, command_of, own, processes, services, tasks

CONSUMING = ("customers", "billing", "notes", "search", "notifications")
# What an operator runs when needed, inside a container that is there: docs/running-with-docker.md says which.
OPERATORS_TASKS = {
    ("identity", "create-publisher"),
    ("identity", "reset-password"),
    ("billing", "bootstrap"),
    ("notifications", "bootstrap"),
    ("notes", "bootstrap"),
    ("search", "bootstrap"),
    ("search", "compare"),
    ("search", "rebuild"),
    ("search", "status"),
    *((service, f"{task}-parked") for service in CONSUMING for task in ("list", "replay", "drop")),
    ("gateway", "nginx"),
}
# What asks payment providers, and what hands mail to a mail server.
REACHING_OUTSIDE = ("billing-web", "billing-scheduler", "notifications-sender")


def test_every_process_of_every_service_has_its_container() -> None:
    run = {command for service in own().values() if (command := command_of(service))}
    assert run == set(compose_file.commands_of_services()) - OPERATORS_TASKS


def test_operators_tasks_exist() -> None:
    assert set(compose_file.commands_of_services()) >= OPERATORS_TASKS


@pytest.mark.parametrize("name", sorted(processes()))
def test_a_process_comes_back_after_a_crash_and_tells_its_health(name: str) -> None:
    service = processes()[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    # Their grace is 25 seconds; Docker would kill after 10.
    if name in own():
        assert int(service["stop_grace_period"].removesuffix("s")) > 25


@pytest.mark.parametrize("name", sorted(services()))
def test_ports_are_published_on_loopback_and_by_the_gateway_and_the_mail_catcher_only(name: str) -> None:
    ports = services()[name].get("ports", [])
    assert bool(ports) == (name in ("gateway", "mail"))
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", sorted(own()))
def test_own_containers_have_no_rights_and_cannot_be_written_to(name: str) -> None:
    service = own()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["networks"] == (["backend", "front"] if name in REACHING_OUTSIDE else ["backend"])


@pytest.mark.parametrize("name", sorted(own()))
def test_what_can_be_written_to_can_be_so_after_a_restart(name: str) -> None:
    # Seen: without a mode, right at the first start and root's own at the second; with one, the image's folder counts.
    assert own()[name]["tmpfs"] == ["/tmp:mode=1777", "/run/metrics:mode=1777"]
    assert "install -d -m 1777 /run/metrics" in (ROOT / "Dockerfile").read_text()


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert users[-1] not in ("root", "0")


@pytest.mark.parametrize("name", sorted(services()))
def test_secrets_come_from_the_environment(name: str) -> None:
    for variable, value in environment(services()[name]).items():
        if re.search("PASS|SECRET|SERVICE_CLIENTS", variable):
            assert VARIABLE.search(value), f"{variable} is written down"
        if password := re.match(r"\w+://[^:/@]+:([^@]*)@", value):
            assert VARIABLE.fullmatch(password[1]), f"the password in {variable} is written down"


@pytest.mark.parametrize("name", sorted(own()))
def test_a_process_gets_only_the_secrets_it_needs(name: str) -> None:
    variables = environment(own()[name])
    text = " ".join(variables.values())
    assert ("_DATABASE_PASSWORD_MIGRATE}" in text) == (name.endswith("-migrate") or name == "provision")
    assert ("POSTGRES_PASSWORD" in text) == (name == "provision")
    if (command := command_of(own()[name])) is not None:
        of_services = {secret.split("_")[0].lower() for secret in re.findall(r"\{([A-Z]+)_DATABASE_", text)}
        assert of_services <= {command[0]}


@pytest.mark.parametrize("name", sorted(own().keys() & processes().keys()))
def test_a_process_starts_after_its_migrations_and_queues(name: str) -> None:
    service = own()[name]
    waits_for = service.get("depends_on", {})
    service_name = name.partition("-")[0]
    if f"{service_name}-migrate" in tasks():
        assert waits_for[f"{service_name}-migrate"]["condition"] == "service_completed_successfully"
    if "RABBITMQ_URL" in environment(service):
        assert waits_for["declare-queues"]["condition"] == "service_completed_successfully"


def test_everything_waited_for_exists_and_with_a_condition_it_can_meet() -> None:
    for name, service in services().items():
        for other, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if other in tasks() else "service_healthy"
            assert how["condition"] == expected, f"{name} waits for {other}"


def test_any_process_can_be_scaled() -> None:
    scalable = {name: service for name, service in own().items() if name in processes()}
    assert scalable
    assert not any("container_name" in service or "hostname" in service for service in scalable.values())


def test_images_of_others_are_pinned_and_can_be_replaced() -> None:
    for name, service in services().items():
        if name not in own():
            variable = VARIABLE.fullmatch(service["image"])
            assert variable, f"{name}'s image can't be replaced"
            assert re.search(r":v?\d", variable[2].removeprefix(":-")), f"{name}'s image has no version"


def test_the_databases_log_holds_no_personal_data() -> None:
    words = services()["postgres"]["command"]
    given = dict(word.split("=") for option, word in pairwise(words) if option == "-c")
    for setting in ("log_error_verbosity", "log_min_error_statement"):
        assert given[setting] == SETTINGS[setting]
    assert (given["log_error_verbosity"], given["log_min_error_statement"]) == ("terse", "panic")


def test_data_is_kept_in_volumes() -> None:
    for name in ("postgres", "rabbitmq", "opensearch"):
        assert any(volume.startswith(f"{name}:/") for volume in services()[name]["volumes"])


def test_secrets_are_not_committed_and_not_sent_to_the_engine() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    allowed = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert allowed
    assert not any(".env" in line for line in allowed)


def test_it_says_what_to_do_when_there_are_no_secrets_yet() -> None:
    assert "${POSTGRES_PASSWORD:?run deploy/compose/make-env first}" in FILE.read_text()


def environment(service: dict[str, Any]) -> dict[str, str]:
    """A container's environment, values as written in the file."""
    return {name: str(value) for name, value in service.get("environment", {}).items()}
