"""Alembic's entry for gateway."""

import services.gateway.feeds.models
import services.gateway.subscriptions.models  # noqa: F401  their tables stand in the same schema
from shared.events.words import Service
from shared.migrations import run_environment

run_environment(Service.GATEWAY)
