"""The container files agree with the code, as far as that shows without a container engine."""

import re
import tomllib
from typing import Any

import pytest
import typer.main

from deploy.cli import app
from services.gateway.settings import Neighbours
from shared.events.words import Service
from shared.settings import Settings
from tests.compose_file import ROOT, read_compose

PORT = 8000
THIRD_PARTY = ("postgres", "kafka")
CONNECTIONS_KEPT_FREE = 20
SECRET = re.compile(r"PASSWORD|SECRET|IDENTITY_KEY")
SERVICES: dict[str, dict[str, Any]] = read_compose()["services"]
OURS = {name: one for name, one in SERVICES.items() if name not in THIRD_PARTY}
PROCESSES = {name: one for name, one in OURS.items() if name != "migrate"}


def test_every_service_is_there_as_an_api_and_as_a_worker() -> None:
    wanted = {name for service in Service for name in (service.value, f"{service}-worker")}
    assert set(PROCESSES) == wanted


@pytest.mark.parametrize("name", PROCESSES)
def test_a_container_runs_what_its_name_says(name: str) -> None:
    command, *arguments = PROCESSES[name]["command"]
    assert command == "serve"
    serve = typer.main.get_command(app).commands["serve"]  # type: ignore[attr-defined]
    given = serve.make_context("serve", arguments).params
    service, _, worker = name.partition("-")
    assert (given["service"], given["worker"]) == (service, worker == "worker")
    assert (given["host"], given["port"]) == ("0.0.0.0", PORT)  # noqa: S104
    assert f"127.0.0.1', {PORT}" in PROCESSES[name]["healthcheck"]["test"][-1]


def test_the_one_that_prepares_runs_commands_that_exist() -> None:
    shell = SERVICES["migrate"]["entrypoint"][-1]
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    used = re.findall(r"hotline (\w+)", shell)
    assert used == ["migrate", "topics"]
    assert set(used) <= set(commands)
    waits = {name: one["condition"] for name, one in SERVICES["migrate"]["depends_on"].items()}
    assert waits == dict.fromkeys(THIRD_PARTY, "service_healthy")
    for one in PROCESSES.values():
        prepared = {"migrate": {"condition": "service_completed_successfully"}}
        assert one["depends_on"] == prepared


@pytest.mark.parametrize("name", OURS)
def test_every_name_in_the_environment_is_a_setting(name: str) -> None:
    common = {field.upper() for field in Settings.model_fields}
    own = {f"{service}_{field}".upper() for field in common for service in Service}
    neighbours = {f"GATEWAY_{field.upper()}" for field in Neighbours.model_fields}
    assert set(OURS[name]["environment"]) <= common | own | neighbours


def test_the_gateway_knows_where_every_neighbour_listens() -> None:
    environment = PROCESSES["gateway"]["environment"]
    for service in Service:
        if service is not Service.GATEWAY:
            assert environment[f"GATEWAY_{service.upper()}_URL"] == f"http://{service}:{PORT}"


def test_the_gateway_alone_is_published_and_to_this_host_alone() -> None:
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert published == {"gateway": [f"127.0.0.1:8000:{PORT}"]}


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_has_a_default(name: str) -> None:
    for variable, value in SERVICES[name]["environment"].items():
        if SECRET.search(variable):
            assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), variable
        if "://" in value and "@" in value:
            assert re.search(r":\$\{\w+:\?[^}]+\}@", value), variable


def test_intake_alone_is_given_the_key_to_identities() -> None:
    given = {name for name, one in OURS.items() if "IDENTITY_KEY" in one["environment"]}
    assert given == {"intake", "intake-worker"}


def test_images_are_of_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    tested = re.search(r"<kafka.version>(.+)<", (ROOT / "deploy/kafka/pom.xml").read_text("utf-8"))
    assert tested is not None
    images = {name: one["image"] for name, one in SERVICES.items()}
    assert {images[name] for name in OURS} == {f"hotline-12345:{project['version']}"}
    assert images["kafka"] == f"apache/kafka:{tested[1]}"
    assert re.fullmatch(r"postgres:\d+", images["postgres"])


def test_postgresql_takes_all_connections_that_the_processes_may_open() -> None:
    settings = Settings()
    relays = sum(name.endswith("-worker") for name in PROCESSES)
    needed = len(PROCESSES) * 2 * settings.pool_size_max + relays + CONNECTIONS_KEPT_FREE
    given = re.search(r"max_connections=(\d+)", " ".join(SERVICES["postgres"]["command"]))
    assert given is not None
    assert int(given[1]) >= needed


def test_the_image_is_made_from_files_that_are_there_and_runs_as_nobody_in_particular() -> None:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text("utf-8")
    kept = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE))
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert set(copied) == kept
    assert [source for source in copied if not (ROOT / source).exists()] == []
    for image in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE):
        assert re.fullmatch(r"python:3\.\d+-slim", image)
    assert dockerfile.index("USER hotline") < dockerfile.index('ENTRYPOINT ["hotline"]')
    assert "--require-hashes -r requirements.lock" in dockerfile


def test_every_dependency_is_in_the_locks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    developers = project["optional-dependencies"]["dev"]
    for wanted, lock in (
        (project["dependencies"], "requirements.lock"),
        (project["dependencies"] + developers, "requirements-dev.lock"),
    ):
        locked = set(re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text("utf-8"), re.MULTILINE))
        names = {re.split(r"[\[><=]", one)[0] for one in wanted}
        assert names <= locked, lock
