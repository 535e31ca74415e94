"""The trial directory: places, subjects, units and duty rules, loaded through the REST interface.

Enough to try every step; a real platform loads its own.
"""

from collections.abc import Collection
from datetime import timedelta

import httpx

from shared.events.words import Role
from shared.security import Principal, issue_token
from shared.settings import Settings

CATEGORIES = {
    "01": "城乡建设",
    "02": "环境保护",
    "03": "交通运输",
    "04": "教育文体",
    "05": "劳动和社会保障",
    "06": "商贸旅游",
    "07": "卫生计生",
}
PLACES: dict[str, tuple[str, tuple[str, ...]]] = {
    "530000": (
        "云南省",
        (
            "省住房城乡建设厅",
            "省生态环境厅",
            "省交通运输厅",
            "省教育厅",
            "省人力资源社会保障厅",
            "省商务厅",
            "省卫生健康委",
        ),
    ),
    "532800": (
        "西双版纳傣族自治州",
        (
            "州住房城乡建设局",
            "州生态环境局",
            "州交通运输局",
            "州教育体育局",
            "州人力资源和社会保障局",
            "州文化和旅游局",
            "州卫生健康委",
        ),
    ),
    "512000": (
        "资阳市",
        (
            "市住房和城乡建设局",
            "市生态环境局",
            "市交通运输局",
            "市教育和体育局",
            "市人力资源和社会保障局",
            "市商务局",
            "市卫生健康委员会",
        ),
    ),
    "620000": (
        "甘肃省",
        (
            "省住房城乡建设厅",
            "省生态环境厅",
            "省交通运输厅",
            "省教育厅",
            "省人力资源社会保障厅",
            "省商务厅",
            "省卫生健康委",
        ),
    ),
    "220000": (
        "吉林省",
        (
            "省住房城乡建设厅",
            "省生态环境厅",
            "省交通运输厅",
            "省教育厅",
            "省人力资源社会保障厅",
            "省商务厅",
            "省卫生健康委",
        ),
    ),
    "220100": (
        "长春市",
        (
            "市城乡建设委员会",
            "市生态环境局",
            "市交通运输局",
            "市教育局",
            "市人力资源和社会保障局",
            "市商务局",
            "市卫生健康委员会",
        ),
    ),
}


def unit_code(place: str, category: str) -> str:
    """The trial unit for a subject at a place."""
    return f"{place}-{category}"


def trial_token(
    settings: Settings,
    role: Role,
    *,
    jurisdiction: str | None = None,
    unit: str | None = None,
    hours: int = 12,
    person: str = "",
) -> str:
    """A bearer token of a trial user; a unit's place is read from its code.

    `person` tells apart colleagues of one role, where a second person must act.
    """
    place = jurisdiction or (unit or settings.platform).partition("-")[0]
    name = "-".join(["trial", role, unit or place, *([person] if person else [])])
    principal = Principal(name, role, place, unit)
    return issue_token(principal, settings.token_secret, lifetime=timedelta(hours=hours))


async def load_trial(
    client: httpx.AsyncClient, settings: Settings, *, places: Collection[str] = tuple(PLACES)
) -> bool:
    """Load the trial directory where there is none; say whether it was loaded."""
    token = trial_token(settings, Role.ADMINISTRATOR, jurisdiction="000000")
    headers = {"Authorization": f"Bearer {token}"}
    known = await client.get("/v1/jurisdictions", headers=headers)
    known.raise_for_status()
    if known.json():
        return False
    for path, body in _directory(places):
        answer = await client.put(path, json=body, headers=headers)
        answer.raise_for_status()
    return True


def _directory(places: Collection[str]) -> list[tuple[str, dict[str, object]]]:
    calls: list[tuple[str, dict[str, object]]] = [
        (f"/v1/categories/{code}", {"name": name}) for code, name in CATEGORIES.items()
    ]
    for place in places:
        name, units = PLACES[place]
        for category, unit in zip(CATEGORIES, units, strict=True):
            code = unit_code(place, category)
            calls.append((f"/v1/units/{code}", {"name": unit, "jurisdiction": place}))
            calls.append(
                (
                    f"/v1/duty-rules/{code}",
                    {"jurisdiction": place, "category": category, "unit": code},
                )
            )
        # Places come last: requests are taken when there are units to take them.
        calls.append((f"/v1/jurisdictions/{place}", {"name": name}))
    return calls
