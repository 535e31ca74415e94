"""Alembic's entry for gateway."""

import services.gateway.exchange.models
import services.gateway.federation.models
import services.gateway.feeds.models
import services.gateway.issuer.models
import services.gateway.open311.models
import services.gateway.peers.models
import services.gateway.people.models
import services.gateway.subscriptions.models  # noqa: F401  their tables stand in the same schema
from shared.events.words import Service
from shared.migrations import run_environment

run_environment(Service.GATEWAY)
