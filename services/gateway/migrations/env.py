"""Alembic's entry for gateway."""

from shared.events.words import Service
from shared.migrations import run_environment

run_environment(Service.GATEWAY)
