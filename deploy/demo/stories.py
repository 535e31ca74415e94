"""What happens once in the fortnight, told as stories: each says when it goes on, and then does.

A story yields the moment at which it goes on; by then everything that was said was heard.
"""

from collections.abc import AsyncGenerator, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from deploy.demo.desk import Desk
from deploy.demo.habits import PLACES
from deploy.demo.people import Plan, police_of
from deploy.demo.words import REPLY
from deploy.trial import unit_code
from shared.calendars import BEIJING
from shared.events.words import Role

HOME, BANNA = "512000", "532800"
BUILDING, ENVIRONMENT, ROADS, LABOUR = (
    unit_code(HOME, category) for category in ("01", "02", "03", "05")
)
GOVERNMENT, TOURISM = f"{HOME}-office", f"{BANNA}-96301"
SOON = timedelta(minutes=40)
DRAFT = {name: text for name, text in REPLY.items() if name != "checked_by"}
LETTER = (b"%PDF-1.4\n% a signed and sealed letter\n", "application/pdf")
SATISFIED = {"result": "satisfied", "is_solved": True}
DISSATISFIED = {"result": "dissatisfied", "is_solved": False}

Story = AsyncGenerator[datetime, None]
Json = dict[str, Any]


class Stage:
    """Ziyang's people, by name of role, on the way of one story."""

    def __init__(self, desk: Desk, begins: datetime) -> None:
        self.desk = desk
        self.at = begins

    def later(self, **span: float) -> datetime:
        """The story's next moment."""
        self.at += timedelta(**span) if span else SOON
        return self.at

    async def file(self, place: str = HOME, **fields: object) -> dict[str, Any]:
        """An operator writes down what a caller says."""
        plain = {"jurisdiction": place, "type": "complaint", "channel": "phone"}
        return await self.desk.file(place, plain | fields, key=None)

    async def do(
        self,
        role: Role,
        path: str,
        body: Json | None = None,
        *,
        whose: str = HOME,
        person: str = "",
    ) -> Json:
        """Somebody of a role posts."""
        answer: Json = await self.desk.post(role, whose, path, body or {}, person=person)
        return answer

    async def unit(self, ticket: str, act: str, unit: str = BUILDING, **body: object) -> Json:
        """A unit does something to a ticket."""
        return await self.do(Role.UNIT, f"/v1/tickets/{ticket}/{act}", body, whose=unit)

    async def office(self, ticket: str, act: str, **body: object) -> Json:
        """The hotline office does something to a ticket."""
        return await self.do(Role.SUPERVISOR, f"/v1/tickets/{ticket}/{act}", body)

    async def seat(self, ticket: str, act: str, **body: object) -> Json:
        """A follow-up seat does something to a ticket."""
        return await self.do(Role.FOLLOW_UP, f"/v1/tickets/{ticket}/{act}", body)

    async def rated(self, ticket: str, rating: dict[str, Any]) -> None:
        """The caller is asked, and rates."""
        solved = rating["is_solved"]
        await self.seat(ticket, "follow-up", is_reached=True, is_solved=solved, way="phone")
        await self.seat(ticket, "rate", **rating)

    async def attach(self, ticket: str, unit: str, kind: str) -> str:
        """A unit adds a file to its ticket; the file's id."""
        content, media_type = LETTER
        path = f"/v1/tickets/{ticket}/attachments?kind={kind}"
        answer = await self.desk.upload(Role.UNIT, unit, path, content, media_type)
        file_id: str = answer["items"][0]["id"]
        return file_id


def matter(title: str, content: str, caller: str, **more: object) -> Json:
    """A request in words."""
    return {"title": title, "content": content, "caller": {"phone": caller}, **more}


async def set_the_stage(desk: Desk) -> None:
    """What stories need of the directory: a superior, a unit on duty, a system, seats, contacts."""
    put = partial(desk.put, Role.ADMINISTRATOR, "000000")
    office = {"name": "资阳市人民政府办公室", "jurisdiction": HOME}
    await put(f"/v1/units/{GOVERNMENT}", office)
    for code, name, more in (
        (LABOUR, "市人力资源和社会保障局", {"superior": GOVERNMENT}),
        (ENVIRONMENT, "市生态环境局", {"duty_hours": "always"}),
    ):
        await put(f"/v1/units/{code}", {"name": name, "jurisdiction": HOME} | more)
    for place in PLACES:
        police = {"name": "110 报警服务台", "jurisdiction": place, "has_system": True}
        await put(f"/v1/units/{police_of(place)}", police)
    tourism = {"name": "旅游投诉和无理由退货系统", "jurisdiction": BANNA, "has_system": True}
    await put(f"/v1/units/{TOURISM}", tourism)
    await put("/v1/categories/96301", {"name": "旅游投诉"})
    rule = {"jurisdiction": BANNA, "category": "96301", "unit": TOURISM}
    await put(f"/v1/duty-rules/{TOURISM}", rule)
    for number, kind in (("HW0107", "call"), ("ZJ0003", "quality")):
        await put(f"/v1/seats/{number}", {"jurisdiction": HOME, "kind": kind})


def opening(stories: "dict[str, Callable[[Stage], Story]]", desk: Desk) -> Iterator[Plan]:
    """The first plan of each story."""
    for moment, tell in stories.items():
        begins = datetime.fromisoformat(moment).replace(tzinfo=BEIJING)
        yield begins, partial(_go_on, tell(Stage(desk, begins)))


async def _go_on(story: Story) -> list[Plan]:
    try:
        moment = await anext(story)
    except StopAsyncIteration:
        return []
    return [(moment, partial(_go_on, story))]
