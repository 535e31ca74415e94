"""Intake's tasks: what it does all the time."""

from collections.abc import Mapping

from services.intake.attachments import worker as attachments
from services.intake.channels import worker as channels
from services.intake.erasures import worker as erasures
from services.intake.notices import worker as notices
from shared.runtime import Runtime
from shared.worker import Task


def tasks(runtime: Runtime) -> Mapping[str, Task]:
    """Each task by its name; a noun's folder has its own."""
    nouns = (attachments, channels, erasures, notices)
    return {name: task for noun in nouns for name, task in noun.tasks(runtime).items()}
