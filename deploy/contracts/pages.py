"""Pages for operators and programmers: problems, settings, metrics, routes."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

from fastapi import FastAPI
from prometheus_client import Counter, Gauge, Histogram
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

import services
from deploy.registry import make_app
from services.gateway.app import make_own_app
from services.gateway.settings import Neighbours
from shared import telemetry
from shared.clock import Clock
from shared.database import Database
from shared.events.words import Service
from shared.problems import Problem
from shared.runtime import Runtime
from shared.settings import TRIAL_SECRET, Settings

WRITTEN = "Written by `python -m deploy.contracts` from {source}; do not edit."
METRIC = re.compile(r"((?:^# .*\n)+)^([A-Z_]+) = (?:Counter|Gauge|Histogram)\(", re.MULTILINE)


def problem_page() -> str:
    """Every problem by its code."""
    lines = [
        "# Problems",
        "",
        WRITTEN.format(source="the subclasses of `shared.problems.Problem`"),
        "",
        "A call that is refused answers `application/problem+json` (RFC 9457): `type`, `title`,",
        "`status`, `detail` (for people, in Chinese), `code` (stable, for programs), `errors`",
        "(`field`, `code`, `message`), and `allowed` where an act is refused. Failures of HTTP",
        "itself have the name of their status as code, such as `method_not_allowed`.",
        "",
        "| code | status | title | 说明 | 请重试 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for problem in sorted(problems(), key=lambda one: (one.status, one.code)):
        title = (problem.__doc__ or "").strip().splitlines()[0]
        retry = f"{problem.retry_after_seconds} s" if problem.retry_after_seconds else "–"
        lines.append(
            f"| `{problem.code}` | {problem.status} | {title} | {problem.detail} | {retry} |"
        )
    return "\n".join([*lines, ""])


def setting_page() -> str:
    """Every setting with its default."""
    lines = [
        "# Settings",
        "",
        WRITTEN.format(source="the settings' classes"),
        "",
        "Settings come from the environment. A service looks for its own name first: intake takes",
        "`INTAKE_DATABASE_URL` before `DATABASE_URL`. Units are in the names.",
    ]
    for kind, prefix, title in (
        (Settings, "", "Every service"),
        (Neighbours, "GATEWAY_", "The gateway, in a process of its own"),
    ):
        lines += ["", f"## {title}", "", "| name | default | meaning |", "| --- | --- | --- |"]
        for name, field in kind.model_fields.items():
            text = " ".join((field.description or _neighbour(name)).split())
            lines.append(f"| `{(prefix + name).upper()}` | {_shown(field.default)} | {text} |")
    lines += [
        "",
        "## The command line",
        "",
        "| name | default | meaning |",
        "| --- | --- | --- |",
        "| `HOTLINE_DATA_DIR` | `data` | Where `hotline up` and `hotline demo` keep everything. |",
    ]
    return "\n".join([*lines, ""])


def metric_page() -> str:
    """Every metric of ours."""
    lines = [
        "# Metrics",
        "",
        WRITTEN.format(source="`shared/telemetry.py`"),
        "",
        "`/metrics` of each process answers in Prometheus' text format. In one process the label",
        "`service` tells the six apart.",
        "",
        "| metric | kind | labels | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for text, variable in METRIC.findall(inspect.getsource(telemetry)):
        metric = getattr(telemetry, variable)
        [family] = metric.describe()
        name = f"{family.name}_total" if isinstance(metric, Counter) else family.name
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)
        said = " ".join(line.removeprefix("# ") for line in text.splitlines())
        lines.append(f"| `{name}` | {family.type} | {labels or '–'} | {said} |")
    return "\n".join([*lines, ""])


def metrics() -> list[Counter | Gauge | Histogram]:
    """Every metric of ours."""
    return [one for one in vars(telemetry).values() if isinstance(one, Counter | Gauge | Histogram)]


def route_page() -> str:
    """Every route of the gateway and of the five services behind it."""
    lines = [
        "# Routes",
        "",
        WRITTEN.format(source="the routers"),
        "",
        "The gateway passes them on under the same path, or answers itself; `/docs` shows their",
        "forms and answers. Each service also answers `/healthz`, `/readyz` and `/metrics`; the",
        "gateway adds `/`, `/docs` and `/openapi.json`.",
    ]
    for service, app in apps().items():
        lines += ["", f"## {service}", "", "| call | does |", "| --- | --- |"]
        for path, operations in app.openapi()["paths"].items():
            for method, operation in operations.items():
                said = operation.get("description") or operation["summary"]
                lines.append(f"| `{method.upper()} {path}` | {said.splitlines()[0]} |")
    return "\n".join([*lines, ""])


@cache
def apps() -> dict[Service, FastAPI]:
    """The services' apps, without a database: good for looking at, not for calling."""
    no_door = cast("Any", None)
    database = Database(sessions=no_door, pool=no_door)
    settings = Settings(token_secret=TRIAL_SECRET)
    runtimes = {service: Runtime(service, settings, Clock(), database) for service in Service}
    gateway = make_own_app(runtimes.pop(Service.GATEWAY))
    return {service: make_app(one, None) for service, one in runtimes.items()} | {
        Service.GATEWAY: gateway
    }


def problems() -> list[type[Problem]]:
    """Every kind of problem, those of the services too."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
    return list(_subclasses(Problem))


def _subclasses(kind: type[Problem]) -> Iterator[type[Problem]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__.startswith(("shared.", "services.", "deploy.")):
            yield from _subclasses(below)


def _neighbour(name: str) -> str:
    return f"Where {name.removesuffix('_url')} listens."


def _shown(default: object) -> str:
    if default == TRIAL_SECRET:
        return "a trial secret"
    return "–" if default in ("", PydanticUndefined) else f"`{default}`"


SETTINGS: tuple[type[BaseSettings], ...] = (Settings, Neighbours)
"""Every class of settings."""
