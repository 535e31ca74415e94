"""Matters that callers tell of, and dispatch's task that finds what they repeat."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from services.dispatch.repeats.operations import Learner
from services.dispatch.repeats.worker import look
from shared.events.words import Role
from tests.services.dispatch_desk import Desk, Json, post

NOISE = {
    "title": "丽景花园旁搅拌站噪音扰民",
    "content": "丽景花园小区旁边的混凝土搅拌站昼夜施工，噪音和扬尘严重影响居民休息。",
}
NOISE_AGAIN = {
    "title": "再次反映丽景花园搅拌站噪音",
    "content": "我是丽景花园业主，小区旁边搅拌站夜里还在施工，噪音扬尘很大，没有人管。",
}
NOISE_OTHERS = {
    "title": "投诉丽景花园附近的搅拌站",
    "content": "丽景花园附近建了混凝土搅拌站，灰尘大，噪音吵得睡不着，请尽快处理。",
}
WATER = {
    "title": "滨江路水管爆裂停水",
    "content": "滨江路与和平路交叉口水管爆裂，已经停水两天，请自来水公司抢修。",
}
PENSION = {
    "title": "咨询养老金领取年龄",
    "content": "请问灵活就业人员的养老金从多少岁开始领取，要带什么材料？",
}


def caller(number: int) -> UUID:
    """A caller."""
    return UUID(int=1000 + number)


def day(number: int) -> datetime:
    """A day in September 2026, at noon."""
    return datetime(2026, 9, 1, 4, tzinfo=UTC) + timedelta(days=number)


async def file(desk: Desk, matter: Json, who: int, on: int = 1, **fields: Any) -> str:
    """A ticket of this matter, by this caller, on this day."""
    values: Json = matter | {"caller_id": caller(who), "filed_at": day(on)} | fields
    return await desk.file(time=day(on), **values)


async def sketch_all(desk: Desk) -> int:
    """Let the task work until nothing waits; how many tickets it sketched."""
    learner, done = Learner(), 0
    while sketched := await look(desk.runtime, learner, limit=50):
        done += sketched
    return done


async def ask(client: httpx.AsyncClient, matter: Json, **fields: Any) -> Json:
    """What the search answers."""
    body: Json = {"jurisdiction": "512000", **matter, **fields}
    return await post(client, "/v1/repeats/search", body)


async def operator(desk: Desk, **claims: Any) -> httpx.AsyncClient:
    """Somebody who hears callers."""
    return await desk.person(Role.OPERATOR, **claims)
