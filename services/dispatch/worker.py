"""Dispatch's tasks: what it does all the time."""

from collections.abc import Mapping

from services.dispatch.reminders import worker as reminders
from services.dispatch.repeats import worker as repeats
from services.dispatch.suggestions import worker as suggestions
from shared.runtime import Runtime
from shared.worker import Task


def tasks(runtime: Runtime) -> Mapping[str, Task]:
    """Each task by its name; a noun's folder has its own."""
    return {**suggestions.tasks(runtime), **reminders.tasks(runtime), **repeats.tasks(runtime)}
