"""Alembic's entry for knowledge."""

from shared.events.words import Service
from shared.migrations import run_environment

run_environment(Service.KNOWLEDGE)
