"""What answers of all services have in common."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.calendars import BEIJING
from shared.events.chinese import CHINESE
from shared.events.words import Step
from shared.policy.deadlines import Deadline
from shared.problems import Problem, ProblemBody

BeijingTime = Annotated[datetime, AfterValidator(lambda at: at.astimezone(BEIJING))]
"""A time as people read it: in Asia/Shanghai."""


class Input(BaseModel):
    """A body: what is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class RunningDeadline(BaseModel):
    """一个尚未完成环节的时限。"""

    step: Step
    step_name: str
    due_at: BeijingTime
    rule: str
    source: str = Field(description="依据条款；default 表示默认值")
    provisional: bool = Field(description="是否因放假安排尚未公布而为暂定")


def running(step: Step, deadline: Deadline) -> RunningDeadline:
    """A deadline as answers show it."""
    return RunningDeadline(
        step=step,
        step_name=CHINESE[step],
        due_at=deadline.due_at,
        rule=deadline.rule,
        source=deadline.source,
        provisional=deadline.provisional,
    )


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """A body's place in OpenAPI, where a route reads it by itself."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    whole = _inlined(schema, definitions)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": whole}}}}


def _inlined(part: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401  any JSON
    if isinstance(part, list):
        return [_inlined(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        rest = {key: value for key, value in part.items() if key != "$ref"}
        return _inlined(definitions[part["$ref"].rpartition("/")[2]], definitions) | rest
    return {key: _inlined(value, definitions) for key, value in part.items()}


def problems_of(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The problems of a route, for its page in OpenAPI."""
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        titles.setdefault(kind.status, []).append((kind.__doc__ or "").strip())
    return {
        status: {"model": ProblemBody, "description": " ".join(found)}
        for status, found in titles.items()
    }
