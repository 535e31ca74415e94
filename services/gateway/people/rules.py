"""Who may hold which role, and when a session is over. Pure."""

from datetime import timedelta

from shared.access import SYSTEM_ADMINISTRATORS
from shared.events.words import Role

WORK_NUMBER_PATTERN = r"^[A-Z]{0,4}[0-9]{3,10}$"
"""Such as HW0107: a handful of letters, then digits (ZY 10, JL 二)."""
OF_PROGRAMS = (Role.PLATFORM, Role.SUBCENTER)
"""Programs sign their calls; nobody logs in as one."""
SEEN_EVERY = timedelta(minutes=1)
SEEN_SHARE = 10


def is_apart(held: Role, wanted: Role) -> bool:
    """Whether one person may hold both: of the administrative roles one, at one place."""
    return not (held in SYSTEM_ADMINISTRATORS and wanted in SYSTEM_ADMINISTRATORS)


def seen_every(idle: timedelta) -> timedelta:
    """How long a session's last sight may stay unwritten; short beside the idle time."""
    return min(SEEN_EVERY, idle / SEEN_SHARE)
