"""The table in `docs/access.md`: who may do what, and whose tickets they reach."""

from collections.abc import Mapping

from deploy.contracts.pages import WRITTEN, apps
from shared.access import EVERYBODY, UNIT_SIDE, May, Reach, Table
from shared.events.chinese import CHINESE
from shared.events.words import Role

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
MAY: Mapping[Role, str] = {
    Role.OPERATOR: "file, dispatch by hand, decide returns, follow up, rate for a caller",
    Role.UNIT: "sign, return, reply, check a colleague's reply: what its unit has alone",
    Role.FOLLOW_UP: "follow up, rate, send back to be done again",
    Role.SUPERVISOR: "what an operator may; supervise, decide extensions, see sensitive tickets",
    Role.COORDINATION: "cases of the coordination group, precedents, orders that it signs",
    Role.LEADER: "sign what policy lays before a leader; read",
    Role.DISCIPLINE: "read, and raise orders",
    Role.EDITOR: "the knowledge seat: write, publish, retire articles",
    Role.ANALYST: "read, and the figures",
    Role.ADMINISTRATOR: "units, duty rules, places, categories, law; no tickets",
    Role.ONLINE: "what an operator may",
    Role.QUALITY: "score checks; read",
    Role.EXPERT: "answer for its unit",
    Role.UNIT_LEADER: "what its unit may",
    Role.SECURITY: "people's roles, keys, erasure",
    Role.AUDITOR: "read the audit, and nothing else",
    Role.PLATFORM: "exchange, and what the gateway delivers for another platform",
    Role.SUBCENTER: "what a unit may, and hand in its call records",
}
SIGNS = {Reach.OWN: "本", Reach.PLACE: "地", Reach.ALL: "全"}


def with_access(page: str) -> str:
    """The page with its table written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{access_part()}\n{END}{after}"


def access_part() -> str:
    """The roles, and each service's operations by role, as Markdown."""
    lines = [
        WRITTEN.format(source="the services' `access.py`"),
        "",
        "| role | 中文 | units' side | may |",
        "| --- | --- | :-: | --- |",
        *(
            f"| `{role}` | {CHINESE[role]} | {'yes' if role in UNIT_SIDE else ' '} | {MAY[role]} |"
            for role in Role
        ),
        "",
    ]
    for service, app in apps().items():
        table: Table = app.state.access
        lines += [f"### {service}", "", *_matrix(table), *_open(table)]
    return "\n".join(lines)


def _matrix(table: Table) -> list[str]:
    names = [CHINESE[role] for role in Role]
    rows = [
        f"| `{operation}` | {' | '.join(_cells(may))} |"
        for operation, may in table.items()
        if may.reach is not Reach.OPEN and may.roles != EVERYBODY
    ]
    whole = [f"`{name}`" for name, may in table.items() if may.roles == EVERYBODY]
    found = [f"| operation | {' | '.join(names)} |", "| --- |" + " :-: |" * len(names), *rows, ""]
    return found + ([f"Everybody who is known: {', '.join(whole)}.", ""] if whole else [])


def _cells(may: May) -> list[str]:
    return [SIGNS[may.reach] if role in may.roles else " " for role in Role]


def _open(table: Table) -> list[str]:
    names = [f"`{operation}`" for operation, may in table.items() if may.reach is Reach.OPEN]
    return [f"Without a token: {', '.join(names)}.", ""] if names else []
