"""The state machine in dispatch's page: its diagram, its table, and what each act needs."""

from collections.abc import Iterator
from typing import Any

from deploy.contracts.pages import WRITTEN, apps
from services.dispatch.machine.schemas import Transition, machine
from services.dispatch.rules import diagram
from shared.events.words import Act

BEGIN, END = "<!-- machine: begin -->", "<!-- machine: end -->"
ELSEWHERE = {
    Act.DECIDE_CASE: "/v1/cases/{case_id}/decide",
    Act.DROP_CASE: "/v1/cases/{case_id}/drop",
}
"""Acts that are done to a case; all others are `/v1/tickets/{id}/ACT`."""


def with_machine(page: str) -> str:
    """A page with its part on the state machine written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{machine_part()}\n{END}{after}"


def machine_part() -> str:
    """The state machine as Markdown: how much of it there is, drawn, by state, and by act."""
    found = machine()
    return "\n".join(
        [
            WRITTEN.format(source="`services/dispatch/rules.py`"),
            "",
            f"{len(found.states)} states, {len(found.acts)} acts, {len(found.roles)} roles, "
            f"{len(found.transitions)} transitions.",
            "",
            "```mermaid",
            diagram(),
            "```",
            "",
            "| 状态 | 操作 | 谁 | 之后 | event |",
            "| --- | --- | --- | --- | --- |",
            *(_line(one) for one in found.transitions),
            "",
            "| 操作 | 名称 | 需要 |",
            "| --- | --- | --- |",
            *(f"| `{act.code}` | {act.name} | {_needs(Act(act.code))} |" for act in found.acts),
        ]
    )


def _line(one: Transition) -> str:
    after = ", ".join(f"`{state}`" for state in one.leads_to)
    who = "、".join(one.role_names) or "—"
    return (
        f"| {one.state_name} `{one.state}` | {one.act_name} `{one.act}` | {who} "
        f"| {after} | `{one.event}` |"
    )


def _needs(act: Act) -> str:
    """The fields of the act's input, as the service that answers it reads them."""
    fields = list(_fields(act))
    return "；".join(fields) or "—"


def _fields(act: Act) -> Iterator[str]:
    wanted = ELSEWHERE.get(act, f"/v1/tickets/{{ticket_id}}/{act}")
    for app in apps().values():
        document = app.openapi()
        operation = document["paths"].get(wanted, {}).get("post")
        if operation is None or "requestBody" not in operation:
            continue
        body = operation["requestBody"]["content"].get("application/json", {}).get("schema", {})
        schema = _resolved(body, document)
        for name, field in schema.get("properties", {}).items():
            said = field.get("description", "").split("；")[0]
            optional = "" if name in schema.get("required", ()) else "，可不填"
            yield f"`{name}` {said}{optional}"


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found
