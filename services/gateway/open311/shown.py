"""How GeoReport shows things."""

from collections.abc import Mapping, Sequence
from typing import Any

from asyncpg import Record

from services.gateway.open311.operations import Found
from services.gateway.open311.rules import CONTENT_TYPES, TYPE, moment
from shared.events.chinese import CHINESE
from shared.events.words import RequestType

Row = Record | Mapping[str, Any]


def discovery(url: str) -> dict[str, Any]:
    """Where GeoReport is answered, and in which forms."""
    forms = [kind.partition(";")[0] for kind in CONTENT_TYPES.values()]
    endpoint = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": url,
        "changeset": "2026-11-22T00:00:00+08:00",
        "type": "production",
        "formats": forms,
    }
    return {
        "changeset": endpoint["changeset"],
        "contact": "12345 政务服务便民热线",
        "key_service": "请向热线管理机构申请 api_key",
        "endpoints": [endpoint],
    }


def services_of(categories: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The taxonomy's lowest subjects as GeoReport lists services."""
    names = {one["code"]: one for one in categories}
    parents = {one["parent"] for one in categories if one["is_active"]}
    return [
        {
            "service_code": one["code"],
            "service_name": one["name"],
            "description": "、".join(_line(one, names)),
            "metadata": True,
            "type": "realtime",
            "keywords": ",".join(_line(one, names)),
            "group": _line(one, names)[0],
        }
        for one in categories
        if one["is_active"] and one["code"] not in parents
    ]


def definition(service_code: str) -> dict[str, Any]:
    """What is asked beside the place and the words: what the caller wants."""
    return {
        "service_code": service_code,
        "attributes": [
            {
                "variable": True,
                "code": TYPE,
                "datatype": "singlevaluelist",
                "required": False,
                "datatype_description": "诉求类型，不填为求助",
                "order": 1,
                "description": "诉求类型",
                "values": [{"key": kind.value, "name": CHINESE[kind]} for kind in RequestType],
            }
        ],
    }


def show_filed(number: str, query_code: str) -> dict[str, Any]:
    """What whoever filed a request is told."""
    notice = f"查询码 {query_code}，可凭编号和查询码查看进度、补充或撤回。"
    return {"service_request_id": number, "service_notice": notice, "account_id": None}


def show_request(row: Row, names: Mapping[str, str], found: Found | None) -> dict[str, Any]:
    """One request; `expected_datetime` is the end of the time that the law gives for handling."""
    agency = row["agency"] if found is None else found.agency
    expected_at = row["expected_at"] if found is None else found.expected_at
    return {
        "service_request_id": row["number"],
        "status": row["status"],
        "status_notes": None,
        "service_name": names.get(row["service_code"]),
        "service_code": row["service_code"],
        "description": row["description"],
        "agency_responsible": agency,
        "service_notice": None,
        "requested_datetime": moment(row["requested_at"]),
        "updated_datetime": moment(row["updated_at"]),
        "expected_datetime": moment(expected_at),
        "address": row["address"],
        "address_id": row["address_id"],
        "zipcode": None,
        "lat": row["latitude"],
        "long": row["longitude"],
        "media_url": row["media_url"],
    }


def show_token(row: Row) -> dict[str, Any]:
    """The number of a request by its token."""
    return {"service_request_id": row["number"], "token": str(row["id"])}


def show_update(row: Row) -> dict[str, Any]:
    """A piece of news."""
    return {
        "update_id": str(row["id"]),
        "service_request_id": row["number"],
        "status": row["status"].upper(),
        "updated_datetime": moment(row["at"]),
        "description": row["description"],
        "media_url": None,
    }


def _line(one: Mapping[str, Any], names: Mapping[str, Mapping[str, Any]]) -> list[str]:
    above = names.get(one["parent"] or "")
    return [*([] if above is None else _line(above, names)), one["name"]]
