"""Who may do what: groups of roles, and the table of each service's operations (F5, F9).

A service's rows are in `services/NAME/access.py`; `principal_of` looks the called operation up and
refuses what has no row. Whose tickets they see is `Principal.sees`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.events.words import Role

SEATS = (Role.OPERATOR, Role.ONLINE)
"""Whoever takes requests, on the phone or online."""
OFFICE = (*SEATS, Role.SUPERVISOR)
ASKERS = (Role.FOLLOW_UP, *OFFICE)
OVERSEERS = (Role.SUPERVISOR, Role.COORDINATION, Role.LEADER, Role.DISCIPLINE)
UNITS = (Role.UNIT, Role.UNIT_LEADER, Role.SUBCENTER)
"""Whoever acts for a unit."""
ANSWERERS = (*UNITS, Role.EXPERT)
"""Whoever answers for a unit: an expert's seat writes replies, and does nothing else of it."""
UNIT_SIDE = frozenset(ANSWERERS)
"""Who sees what their unit has, and nothing else."""
CONFIDANTS = (Role.SUPERVISOR,)
"""Who sees sensitive tickets of their place, whoever filed them (F9)."""
SYSTEM_ADMINISTRATORS = (Role.ADMINISTRATOR, Role.SECURITY, Role.AUDITOR)
"""Kept apart from each other and from the hotline's business (F9)."""
BUSINESS = tuple(r for r in Role if r not in (*SYSTEM_ADMINISTRATORS, Role.PLATFORM))
EVERYBODY = tuple(Role)


class Reach(StrEnum):
    """How far those who may do an operation reach with it."""

    OWN = "own"
    """What is of their place; on the units' side, what their unit has."""
    PLACE = "place"
    """What is of their place."""
    ALL = "all"
    """The same for all who may: directories, law, what is their own by itself."""
    OPEN = "open"
    """Without a token: a query code or a signature opens it."""


@dataclass(frozen=True, slots=True)
class May:
    """Who may call an operation, and how far it reaches."""

    roles: tuple[Role, ...]
    reach: Reach


Table = Mapping[str, May]
"""The operations of a service, each by its method and its route's path."""

OPEN = May((), Reach.OPEN)


def own(*roles: Role) -> May:
    """These, for what is theirs."""
    return May(in_order(roles), Reach.OWN)


def place(*roles: Role) -> May:
    """These, for what is of their place."""
    return May(in_order(roles), Reach.PLACE)


def everywhere(*roles: Role) -> May:
    """These, the same for each of them."""
    return May(in_order(roles), Reach.ALL)


def in_order(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    """The same roles, each once, in the order of the roles."""
    return tuple(role for role in Role if role in roles)


def is_of_unit(role: Role) -> bool:
    """Whether a role sees what its unit has, and nothing else."""
    return role in UNIT_SIDE
