"""An example for every operation of the API page, made from what the schemas say. Pure."""

import re
from collections.abc import Mapping
from typing import Any

WORDS: Mapping[str, Any] = {
    "Query-Code": "12345678",
    "accepted_at": "2026-09-30T16:20:00+08:00",
    "address": "建设西路与幸福街交叉口",
    "answer": "已约谈责任人，三个工作日内整改到位。",
    "body": "凭身份证和房产证明到属地供水营业厅办理，当场办结。",
    "category": "01",
    "code": "512000-01",
    "contact": "9月14日电话告知",
    "content": "幸福小区从昨晚起停水，至今没有恢复，请尽快处理。",
    "explanation": "该路段纳入明年改造计划，已当面说明。",
    "findings": "经现场查看，供水管道破裂。",
    "from": "512000",
    "jurisdiction": "512000",
    "key_id": "2026-1",
    "name": "市住房和城乡建设局",
    "number": "512000-260914-0000001",
    "opinion": "属我单位职责，建议受理。",
    "phone": "13800000042",
    "purpose": "回访核实",
    "query_code": "12345678",
    "reason": "情况属实，依规办理",
    "result": "已修复管道，恢复供水。",
    "subject": "019f3a52-7c1e-7b40-9d11-5f0c2e6a8b01",
    "text": "建设西路大面积停电，约三千户。",
    "title": "小区停水",
    "to": "510000",
    "unit": "512000-01",
    "work_number": "HW0107",
}
"""Words for fields whose schema gives none, by the field's name."""
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
    schema = _resolved(schema, schemas)
    shown = _shown(schema)
    if shown is not None:
        return shown
    if "properties" in schema and depth < DEPTH_MAX:
        return _object(schema, schemas, depth)
    match schema.get("type"):
        case "array":
            item = example_of(schema.get("items", {}), schemas, name=name, depth=depth + 1)
            return [item] if schema.get("minItems") or depth < 2 else []
        case "integer" | "number":
            return max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
        case "object" | None:
            return {}
        case "null":
            return None
    return _words(schema, name)


def _shown(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401  any JSON
    for given in ("example", "const", "default"):
        if schema.get(given) is not None:
            return schema[given]
    several = schema.get("examples") or schema.get("enum")
    return several[0] if several else None


def _object(schema: Mapping[str, Any], schemas: Schemas, depth: int) -> dict[str, Any]:
    required = schema.get("required", [])
    return {
        name: example_of(part, schemas, name=name, depth=depth + 1)
        for name, part in schema["properties"].items()
        if name in required or "examples" in _resolved(part, schemas)
    }


def _words(schema: Mapping[str, Any], name: str) -> str:
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    words = str(WORDS.get(name, PLAIN))
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
