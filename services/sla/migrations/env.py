"""Alembic's entry for sla."""

import services.sla.incidents.models
import services.sla.letters.models
import services.sla.orders.models  # noqa: F401  its tables stand in the same schema
from shared.events.words import Service
from shared.migrations import run_environment

run_environment(Service.SLA)
