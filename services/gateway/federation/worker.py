"""What federation does by itself: prepares what goes out, delivers what came, fetches files."""

from collections.abc import Mapping

from starlette.types import ASGIApp

from services.gateway.federation.delivering import deliver_messages
from services.gateway.federation.fetching import fetch_files
from services.gateway.federation.forwarding import prepare_forwards
from shared.events.words import Service
from shared.runtime import Runtime
from shared.worker import Task


def tasks(runtime: Runtime, hops: Mapping[Service, ASGIApp]) -> dict[str, Task]:
    """The loops of federation, by name; `hops` lead to the five services."""
    return {
        "forwards": lambda: prepare_forwards(runtime, hops),
        "deliveries": lambda: deliver_messages(runtime, hops),
        "files": lambda: fetch_files(runtime, hops),
    }
