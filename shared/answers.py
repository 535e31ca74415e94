"""What answers of all services have in common."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.calendars import BEIJING
from shared.events.chinese import CHINESE
from shared.events.words import Step
from shared.exchange import NDJSON
from shared.policy.deadlines import Deadline
from shared.problems import MEDIA_TYPE, Problem, ProblemBody

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


REF = "#/components/schemas/{model}"
PROBLEM = {"$ref": REF.format(model=ProblemBody.__name__)}


def ndjson(*lines: Mapping[str, Any]) -> dict[str, Any]:
    """A content of OpenAPI with these lines as its example, a JSON each."""
    example = b"".join(orjson.dumps(line) + b"\n" for line in lines).decode()
    return {NDJSON: {"schema": {"type": "string", "format": "binary"}, "example": example}}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """A body's place in OpenAPI, where a route reads it by itself."""
    content = {"application/json": {"schema": model.model_json_schema(ref_template=REF)}}
    return {"requestBody": {"required": True, "content": content}}


def show_bodies(document: dict[str, Any]) -> None:
    """Name in a document what FastAPI does not: bodies of `json_body`, and how problems come."""
    schemas = document.get("components", {}).get("schemas", {})
    for operations in document["paths"].values():
        for operation in operations.values():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = body.get("schema", {})
            if "properties" in schema:
                found = schema.pop("$defs", {}) | {schema["title"]: schema}
                for name, one in found.items():
                    assert schemas.setdefault(name, one) == one, f"{name} means two things"
                body["schema"] = {"$ref": REF.format(model=schema["title"])}
            for answer in operation["responses"].values():
                shown = answer.get("content", {}).get("application/json", {})
                if shown.get("schema") == PROBLEM:
                    answer["content"] = {MEDIA_TYPE: shown}


def problems_of(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The problems of a route, for its page in OpenAPI."""
    known: dict[int, list[type[Problem]]] = {}
    for kind in kinds:
        known.setdefault(kind.status, []).append(kind)
    return {
        status: {
            "model": ProblemBody,
            "description": " ".join((kind.__doc__ or "").strip() for kind in found),
            "content": {"application/json": {"example": _example(found[0])}},
        }
        for status, found in known.items()
    }


def _example(kind: type[Problem]) -> dict[str, Any]:
    # Not every kind is made of nothing: some want to know how long to wait.
    problem = kind.__new__(kind)
    Problem.__init__(problem)
    return problem.body()
