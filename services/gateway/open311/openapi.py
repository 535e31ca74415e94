"""How GeoReport v2 stands on the API page: what is given, and each answer in both forms."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.gateway.open311.rules import PAGE_SIZE_MAX, TYPE, write
from services.gateway.open311.shown import (
    definition,
    discovery,
    services_of,
    show_filed,
    show_request,
    show_token,
    show_update,
)
from shared.calendars import BEIJING
from shared.events.words import RequestType

AT = datetime(2026, 9, 14, 9, 30, tzinfo=BEIJING)
ROW: dict[str, Any] = {
    "id": UUID("019f3a52-7c1e-7b40-9d11-5f0c2e6a8b01"),
    "number": "512000-260914-0000001",
    "status": "open",
    "service_code": "0102",
    "description": "路口积水，行人无法通过。",
    "agency": "市住房和城乡建设局",
    "requested_at": AT,
    "updated_at": AT + timedelta(minutes=20),
    "expected_at": AT + timedelta(days=5),
    "address": "建设西路与幸福街交叉口",
    "address_id": None,
    "latitude": 30.128,
    "longitude": 104.627,
    "media_url": None,
}
NEWS = ROW | {"at": ROW["updated_at"], "description": "已派至市住房和城乡建设局办理。"}
CATEGORIES = (
    {"code": "01", "name": "城乡建设", "parent": None, "is_active": True},
    {"code": "0102", "name": "道路积水", "parent": "01", "is_active": True},
)
FIELDS: Mapping[str, tuple[str, Any]] = {
    "api_key": ("热线管理机构发放的 api_key", "qk3Xv0pTq1n8Zc5dY7sLwUeRb2mAoHfJ"),
    "jurisdiction_id": ("行政区划代码；不填为 api_key 的地区", "512000"),
    "service_code": ("类别代码，见 services", "0102"),
    "description": ("诉求内容，最多 4000 字", ROW["description"]),
    "address_string": ("地址；与坐标、address_id 至少填一种", ROW["address"]),
    "address_id": ("地址编号", "510302-000107"),
    "lat": ("纬度，与 long 同时填写", 30.128),
    "long": ("经度", 104.627),
    f"attribute[{TYPE}]": (f"诉求类型：{'、'.join(RequestType)}；不填为 help", "help"),
    "first_name": ("名；由受理环节加密保存", "某"),
    "last_name": ("姓", "张"),
    "phone": ("联系电话", "13800000042"),
    "email": ("电子邮箱", "caller@example.org"),
    "media_url": ("图片等的网址", "https://example.org/photo.jpg"),
    "service_request_id": ("诉求编号；查询时可用逗号分隔多个", ROW["number"]),
    "status": ("open 或 closed，可用逗号分隔", "open"),
    "start_date": ("起，须带时区；与 end_date 相距最多 90 天", "2026-09-01T00:00:00+08:00"),
    "end_date": ("止", "2026-09-30T00:00:00+08:00"),
    "page": ("第几页", 1),
    "page_size": (f"每页件数，最多 {PAGE_SIZE_MAX}", 50),
}

OF_QUESTIONS = ("service_request_id", "status", "start_date", "end_date", "page", "page_size")


def _answer(root: str, content: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    several = {"type": "array", "items": {}}
    schema = several if isinstance(content, list) else {"type": "object"}
    written = write("xml", root, content).decode()
    return {
        "description": "GeoReport v2，XML 或 JSON",
        "content": {
            "application/json": {"schema": schema, "example": content},
            "text/xml": {"schema": {"type": "string"}, "example": written},
        },
    }


def _fields(names: Sequence[str], required: Sequence[str]) -> dict[str, Any]:
    """The body that a form makes."""
    properties = {
        name: {"type": _type(FIELDS[name][1]), "description": FIELDS[name][0]} for name in names
    }
    schema = {"type": "object", "required": list(required), "properties": properties}
    example = {name: FIELDS[name][1] for name in names}
    content = {"application/x-www-form-urlencoded": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def _query(*names: str) -> dict[str, Any]:
    """The parameters of a question; the first is required."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": name == names[0],
                "description": FIELDS[name][0],
                "schema": {"type": _type(FIELDS[name][1])},
                "example": FIELDS[name][1],
            }
            for name in names
        ]
    }


def _type(example: str | float) -> str:
    names = {str: "string", int: "integer", float: "number"}
    return names[type(example)]


Answers = dict[int | str, dict[str, Any]]
REFUSED = {"code": "404", "description": "没有类别 99，可用的见 services。"}
FAILED = {"code": "503", "description": "服务暂时不可用，请稍后重试。"}
REFUSALS = "400 填写有误，403 api_key 无效，404 没有或不是此 api_key 的，409 不能补充，429 过于频繁"
ERRORS: Answers = {
    "4XX": _answer("errors", [REFUSED]) | {"description": REFUSALS},
    503: _answer("errors", [FAILED]) | {"description": "暂时不能办理，请稍后重试"},
}
DISCOVERY: Answers = {200: _answer("discovery", discovery("https://example.org/open311/v2"))}
SERVICES: Answers = {200: _answer("services", services_of(CATEGORIES))}
SERVICE: Answers = {200: _answer("service_definition", definition("0102"))}
FILED: Answers = {200: _answer("service_requests", [show_filed(ROW["number"], "12345678")])}
TOKEN: Answers = {200: _answer("service_requests", [show_token(ROW)])}
REQUESTS: Answers = {
    200: _answer("service_requests", [show_request(ROW, {"0102": "道路积水"}, None)])
}
UPDATES: Answers = {200: _answer("service_request_updates", [show_update(NEWS)])}
ADDED: Answers = {200: _answer("service_request_updates", [{"update_id": f"{ROW['number']}-3"}])}
KEYED = _query("api_key")
SPAN = _query("api_key", "start_date", "end_date", "page", "page_size")
ASKED = _query("api_key", "service_code", *OF_QUESTIONS)
FILING = _fields(
    [name for name in FIELDS if name not in OF_QUESTIONS],
    ["api_key", "service_code", "description"],
)
ADDITION = _fields(
    ["api_key", "service_request_id", "description"],
    ["api_key", "service_request_id", "description"],
)
