"""Alembic's entry for analytics."""

from shared.events.words import Service
from shared.migrations import run_environment

run_environment(Service.ANALYTICS)
