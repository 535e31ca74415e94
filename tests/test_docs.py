"""What people rely on is written down: settings, events, metrics, problems, routes, commands."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from prometheus_client import Counter

from deploy.contracts.__main__ import DOCS, differences, documents
from deploy.contracts.pages import SETTINGS, apps, metrics, problems
from shared.events.catalogue import PAYLOADS, TOPICS
from shared.events.words import Service

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
FROM_THE_SHELL = ("HOTLINE_DATA_DIR",)


def test_generated_documents_are_up_to_date() -> None:
    assert differences(DOCS, documents()) == [], "run python -m deploy.contracts"


@pytest.mark.parametrize("event", sorted(PAYLOADS))
def test_each_event_is_mentioned(event: str) -> None:
    assert event in _pages()


@pytest.mark.parametrize("topic", TOPICS)
def test_each_topic_is_mentioned(topic: str) -> None:
    assert f"`{topic}`" in _pages()


def test_each_setting_is_mentioned() -> None:
    missing = [
        name
        for kind in SETTINGS
        for field in kind.model_fields
        if (name := f"{kind.model_config.get('env_prefix', '')}{field}".upper()) not in _pages()
    ]
    missing += [name for name in FROM_THE_SHELL if name not in _pages()]
    assert missing == []


def test_each_setting_says_what_it_is() -> None:
    page = (DOCS / "settings.md").read_text("utf-8")
    assert [line for line in page.splitlines() if re.search(r"\| +\|$", line)] == []


def test_all_classes_of_settings_are_known_to_the_page() -> None:
    found = {
        node.name
        for tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "BaseSettings" for base in node.bases)
    }
    assert found == {kind.__name__ for kind in SETTINGS}


def test_each_metric_is_mentioned() -> None:
    names = [
        f"{family.name}_total" if isinstance(metric, Counter) else family.name
        for metric in metrics()
        for family in metric.describe()
    ]
    assert names
    assert [name for name in names if f"`{name}`" not in _pages()] == []


def test_each_problem_is_mentioned_by_its_code() -> None:
    assert [one.code for one in problems() if f"`{one.code}`" not in _pages()] == []


def test_codes_of_problems_are_told_apart() -> None:
    codes = [one.code for one in problems()]
    assert sorted(codes) == sorted(set(codes))


def test_details_of_problems_are_for_people() -> None:
    assert [one for one in problems() if not re.search(r"[\u4e00-\u9fff]", one.detail)] == []


@pytest.mark.parametrize("service", [one for one in Service if one is not Service.GATEWAY])
def test_each_route_is_mentioned(service: Service) -> None:
    document = apps()[service].openapi()
    routes = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert routes
    assert [route for route in routes if f"`{route}`" not in _pages()] == []


@pytest.mark.parametrize("service", [one for one in Service if one is not Service.GATEWAY])
def test_each_router_carries_its_whole_prefix(service: Service) -> None:
    """Else the metrics' label `route` would lose the part that an outer router adds."""
    app = apps()[service]
    document = set(app.openapi()["paths"])
    own = {
        path
        for route in app.routes
        for inner in getattr(getattr(route, "original_router", route), "routes", [route])
        if (path := getattr(inner, "path", None))
    }
    assert document <= own


@pytest.mark.parametrize("service", Service)
def test_each_service_has_a_page(service: Service) -> None:
    assert (DOCS / f"{service}.md").is_file()


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in _files()
        for target in LINK.findall(page.read_text("utf-8"))
        if (path := target.split("#")[0]) and not (page.parent / path).exists()
    ]
    assert broken == []


def test_each_test_that_a_page_names_is_there() -> None:
    known = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(re.findall(r"`(?:tests/\w+/)?(test_\w+\.py)`", _pages())) <= known


def test_each_setting_that_the_threat_model_names_is_there() -> None:
    model = (DOCS / "threat-model.md").read_text("utf-8")
    known = (DOCS / "settings.md").read_text("utf-8")
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)(?:=\w+)?`", model))
    assert {one for one in named if f"`{one}`" not in known} == set()


def _files() -> Iterator[Path]:
    yield from sorted(DOCS.rglob("*.md"))
    yield from sorted(ROOT.glob("*.md"))


@cache
def _pages() -> str:
    return "\n".join(page.read_text("utf-8") for page in _files())


@cache
def _trees() -> list[ast.Module]:
    return [
        ast.parse(path.read_text("utf-8"))
        for folder in ("shared", "services", "deploy")
        for path in (ROOT / folder).rglob("*.py")
    ]
