"""An example for every operation of the API page, made from what the schemas say. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from shared.events.chinese import CHINESE

WORDS: Mapping[str, Any] = {
    "accepted_at": "2026-09-30T16:20:00+08:00",
    "address": "建设西路与幸福街交叉口",
    "agent": "HW0107",
    "answer": "已约谈责任人，三个工作日内整改到位。",
    "body": "凭身份证和房产证明到属地供水营业厅办理，当场办结。",
    "by": "HW0107",
    "category": "01",
    "co_units": "512000-02",
    "code": "512000-01",
    "contact": "9月14日电话告知",
    "content": "幸福小区从昨晚起停水，至今没有恢复，请尽快处理。",
    "document": "市热线会商纪要〔2026〕3号",
    "due_at": "2026-10-14T17:30:00+08:00",
    "explanation": "该路段纳入明年改造计划，已当面说明。",
    "findings": "经现场查看，供水管道破裂。",
    "from": "512000",
    "handled_in": "512000",
    "hash": "0" * 64,
    "jurisdiction": "512000",
    "key_id": "2026-1",
    "lead_unit": "512000-01",
    "media_type": "image/jpeg",
    "name": "市住房和城乡建设局",
    "number": "512000-260914-0000001",
    "opinion": "属我单位职责，建议受理。",
    "peer": "510000",
    "phone": "13800000042",
    "platform": "510000",
    "purpose": "回访核实",
    "Query-Code": "12345678",
    "query_code": "12345678",
    "reason": "情况属实，依规办理",
    "request_type": "help",
    "result": "已修复管道，恢复供水。",
    "rule": "派单后 5 个工作日内办结",
    "service_code": "0102",
    "service_request_id": "512000-260914-0000001",
    "sha256": "0" * 64,
    "source": "ZY 13.2",
    "state": "dispatched",
    "step": "handle",
    "subject": "019f3a52-7c1e-7b40-9d11-5f0c2e6a8b01",
    "text": "建设西路大面积停电，约三千户。",
    "title": "小区停水",
    "to": "510000",
    "token_id": "019f3a52-7c1e-7b40-9d11-5f0c2e6a8b01",
    "unit": "512000-01",
    "unit_name": "市住房和城乡建设局",
    "work_number": "HW0107",
}
"""Words for fields whose schema gives none, by the field's name."""
NAMES = {(type(word).__name__, str(word)): name for word, name in CHINESE.items()}
"""Chinese names of words, by the schema of their kind."""
FORMATS: Mapping[str, str] = {
    "uuid": "019f3a52-7c1e-7b40-9d11-5f0c2e6a8b01",
    "date-time": "2026-09-30T16:20:00+08:00",
    "date": "2026-09-30",
    "time": "09:00:00",
    "uri": "https://example.org/hotline",
    "binary": "（文件内容）",
}
CODES = ("512000", "512000-01", "web-1", "2026-09", "0" * 64)
"""Tried where a schema wants a certain form."""
PLAIN = "示例"
TRUE = frozenset(
    {
        *("is_active", "is_confirmed", "is_granted", "is_in_scope", "is_passed", "is_reached"),
        *("is_solved", "is_upheld", "passed"),
    }
)
"""What is true in an example; all else that is true or false is false."""
DEPTH_MAX = 8
Schemas = Mapping[str, Any]


def add_examples(paths: Mapping[str, Any], schemas: Schemas) -> None:
    """Give each body, answer and parameter of each operation its example, where it has none."""
    for operations in paths.values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter.get("required") and "example" not in parameter:
                    parameter["example"] = example_of(
                        parameter["schema"], schemas, name=parameter["name"]
                    )
            bodies = [operation.get("requestBody", {})]
            bodies += [one for status, one in operation["responses"].items() if status < "3"]
            for body in bodies:
                for content in body.get("content", {}).values():
                    if content.get("schema") and not {"example", "examples"} & content.keys():
                        content["example"] = example_of(content["schema"], schemas)


def example_of(
    schema: Mapping[str, Any], schemas: Schemas, *, name: str = "", depth: int = 0
) -> Any:  # noqa: ANN401  any JSON
    """A value that fits a schema; what is optional is left out where the schema shows nothing."""
    is_optional = {"type": "null"} in schema.get("anyOf", ())
    schema = _resolved(schema, schemas)
    shown = _shown(schema, name)
    if shown is not None:
        return shown
    if is_optional and _known(name) is None:
        return None
    if "properties" in schema and depth < DEPTH_MAX:
        return _object(schema, schemas, depth)
    match schema.get("type"):
        case "array":
            item = example_of(schema.get("items", {}), schemas, name=name, depth=depth + 1)
            return [item] if schema.get("minItems") or depth < 2 else []
        case "integer" | "number":
            return max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return name in TRUE
        case "object" | None:
            return {}
        case "null":
            return None
    return _words(schema, name)


def _known(name: str) -> Any:  # noqa: ANN401  any JSON
    return WORDS["work_number"] if name.endswith("_by") else WORDS.get(name)


def _shown(schema: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  any JSON
    for given in ("example", "const", "default"):
        if schema.get(given) is not None:
            return schema[given]
    several = schema.get("examples") or schema.get("enum")
    if several and WORDS.get(name) in several:
        return WORDS[name]
    return several[0] if several else None


def _object(schema: Mapping[str, Any], schemas: Schemas, depth: int) -> dict[str, Any]:
    required = schema.get("required", [])
    made = {
        name: example_of(part, schemas, name=name, depth=depth + 1)
        for name, part in schema["properties"].items()
        if name in required or "examples" in _resolved(part, schemas)
    }
    for name, value in made.items():
        if f"{name}_name" in made and isinstance(value, str):
            kind = _resolved(schema["properties"][name], schemas).get("title", "")
            made[f"{name}_name"] = NAMES.get((kind, value), made[f"{name}_name"])
    return made


def _words(schema: Mapping[str, Any], name: str) -> str:
    if schema.get("format") in FORMATS:
        return str(WORDS.get(name, FORMATS[schema["format"]]))
    words = str(_known(name) or PLAIN)
    if pattern := schema.get("pattern"):
        fitting = (one for one in (words, *CODES) if re.search(pattern, one))
        return next(fitting, words)
    return words.ljust(schema.get("minLength", 0), "。")[: schema.get("maxLength")]


def _resolved(schema: Mapping[str, Any], schemas: Schemas) -> Mapping[str, Any]:
    """The schema behind a reference, or the first real one of several."""
    while True:
        if "$ref" in schema:
            schema = schemas[str(schema["$ref"]).rpartition("/")[2]]
        elif several := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
            chosen = next(one for one in several if one.get("type") != "null")
            shown = {key: schema[key] for key in ("examples", "default") if schema.get(key)}
            schema = {**_resolved(chosen, schemas), **shown}
        else:
            return schema
