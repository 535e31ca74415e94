"""The six services: what makes the app of each, what it hears, what else it does.

A process of one service imports that service alone, so modules are named here, not imported.
"""

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import cast

from fastapi import FastAPI
from starlette.types import ASGIApp

from shared.events.words import Service
from shared.inbox import Handlers
from shared.runtime import Runtime
from shared.worker import Health, Task

Hops = Mapping[Service, ASGIApp]


def make_app(runtime: Runtime, health: Health | None) -> FastAPI:
    """The app of a service; the gateway's is made with its hops instead."""
    return cast("FastAPI", _module(runtime.service, "app").make_app(runtime, health))


def handlers_of(runtime: Runtime) -> Handlers:
    """What a service does with each event that it hears."""
    return cast("Handlers", _module(runtime.service, "consumer").handlers(runtime))


def tasks_of(runtime: Runtime, hops: Hops) -> Mapping[str, Task]:
    """What else a service does all the time; the gateway alone reaches its neighbours."""
    if runtime.service is Service.KNOWLEDGE:
        return {}
    worker = _module(runtime.service, "worker")
    if runtime.service is Service.GATEWAY:
        return cast("Mapping[str, Task]", worker.tasks(runtime, hops))
    return cast("Mapping[str, Task]", worker.tasks(runtime))


def _module(service: Service, name: str) -> ModuleType:
    return importlib.import_module(f"services.{service}.{name}")
