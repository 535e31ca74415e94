"""Alembic's entry for analytics."""

import services.analytics.mirror.models  # noqa: F401  its table stands in the same schema
from shared.events.words import Service
from shared.migrations import run_environment

run_environment(Service.ANALYTICS)
