"""Who may call an operation, as its page in OpenAPI says it."""

from typing import Any

from shared.access import EVERYBODY, May, Reach, Table
from shared.events.chinese import CHINESE

WORDS = {
    Reach.OWN: "限于本地；承办单位一方限于本单位经办",
    Reach.PLACE: "限于本地",
    Reach.ALL: "",
    Reach.OPEN: "",
}


def show_access(document: dict[str, Any], table: Table) -> None:
    """Write into each operation who may call it: for people in its text, for programs as `x-roles`.

    An operation that needs no token has no `x-roles`.
    """
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            may = table.get(f"{method.upper()} {path}")
            if may is None:
                continue
            text = operation.get("description") or operation.get("summary", "")
            operation["description"] = f"{text}\n\n{who(may)}"
            if may.reach is not Reach.OPEN:
                operation["x-roles"] = [str(role) for role in may.roles]
                operation["x-reach"] = str(may.reach)


def who(may: May) -> str:
    """Who may, in one Chinese sentence."""
    if may.reach is Reach.OPEN:
        return "无须登录。"
    roles = "所有登录的人" if may.roles == EVERYBODY else "、".join(CHINESE[r] for r in may.roles)
    words = WORDS[may.reach]
    return f"可用：{roles}" + (f"（{words}）。" if words else "。")
