"""Alembic's entry for intake."""

import services.intake.abuses.models
import services.intake.attachments.models
import services.intake.calls.models
import services.intake.channels.models
import services.intake.disputes.models
import services.intake.emergencies.models
import services.intake.exchange_keys.models
import services.intake.follow_ups.models
import services.intake.keys.models
import services.intake.progress.models
import services.intake.public.models
import services.intake.publications.models
import services.intake.quality.models
import services.intake.ratings.models
import services.intake.repeats.models
import services.intake.screenings.models
import services.intake.seats.models  # noqa: F401
from shared.events.words import Service
from shared.migrations import run_environment

run_environment(Service.INTAKE)
