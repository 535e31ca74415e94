"""Alembic's entry for dispatch."""

import services.dispatch.cases.models
import services.dispatch.co_handling.models
import services.dispatch.conclusions.models
import services.dispatch.contacts.models
import services.dispatch.letters.models
import services.dispatch.precedents.models
import services.dispatch.repeats.models
import services.dispatch.suggestions.models
import services.dispatch.terminations.models  # noqa: F401  its table stands there too
from shared.events.words import Service
from shared.migrations import run_environment

run_environment(Service.DISPATCH)
