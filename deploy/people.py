"""`hotline people`: the first steps, and the way back in when nobody can log in any more.

Whoever may run it has the database anyway; what it does stands in the audit under `console`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, NoReturn, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from deploy import local
from services.gateway.issuer import operations as issuer
from services.gateway.people import operations
from services.gateway.people.models import Person
from services.gateway.people.operations import Grant, held_by
from services.gateway.people.problems import ForeignIssuer
from services.gateway.people.queries import held_by_all, list_people
from services.gateway.people.schemas import AddPerson, GrantRole
from shared.calendars import BEIJING
from shared.clock import Clock
from shared.events.chinese import CHINESE
from shared.events.words import Role, Service
from shared.problems import Malformed, Problem, field_errors
from shared.runtime import open_runtime
from shared.security import Principal
from shared.settings import Settings, read_settings

EVERYWHERE = "000000"
CONSOLE = Principal("console", Role.SECURITY, EVERYWHERE)
LIST_MAX = 10_000
FIRST_STEPS = """还没有人员。请先登记系统管理、安全管理、审计管理各一人（每人打印一个一次性口令）：
  hotline people add HW0001 --name 姓名 --role administrator --jurisdiction 512000
  hotline people add HW0002 --name 姓名 --role security --jurisdiction 512000
  hotline people add HW0003 --name 姓名 --role auditor --jurisdiction 512000
然后打开 {url}/auth/login 登录。"""
people = typer.Typer(no_args_is_help=True, help="登记人员、授予角色、锁定与解锁")
console = Console()
T = TypeVar("T")
Body = TypeVar("Body", bound=BaseModel)
WorkNumber = Annotated[str, typer.Argument(help="工号，例如 HW0107")]
Reason = Annotated[str, typer.Option(help="原因，记入审计")]
Place = Annotated[str, typer.Option(help="行政区划代码，例如 512000")]
Unit = Annotated[str | None, typer.Option(help="承办单位代码；承办单位的角色须填")]
Seat = Annotated[str | None, typer.Option(help="座席号")]


@people.command()
def add(
    work_number: WorkNumber,
    *,
    name: Annotated[str, typer.Option(help="姓名")],
    jurisdiction: Place,
    role: Annotated[Role | None, typer.Option(help="角色；可以以后再授予")] = None,
    unit: Unit = None,
    seat: Seat = None,
) -> None:
    """登记一人，可同时授予一个角色，并打印一次性口令。"""
    body = _checked(AddPerson, work_number=work_number, name=name, jurisdiction=jurisdiction)

    async def work(session: AsyncSession, settings: Settings) -> issuer.Temporary | None:
        person = await operations.add_person(session, caller=CONSOLE, **body.model_dump())
        if role is not None:
            wanted = Grant(role, jurisdiction, unit, seat)
            await operations.grant(session, body.work_number, wanted, caller=CONSOLE)
        if settings.oidc_issuer:
            return None
        return await issuer.give_temporary(
            session, person, settings, caller=CONSOLE, reason="登记人员"
        )

    _show_password(work_number, _run(work))


@people.command("list")
def list_all() -> None:
    """列出人员和岗位。"""

    async def work(session: AsyncSession, _: Settings) -> Table:
        table = Table("工号", "姓名", "行政区划", "状态", "岗位")
        rows = await list_people(session, caller=CONSOLE, after=None, limit=LIST_MAX)
        held = await held_by_all(session, [one.id for one in rows])
        for row in rows:
            state = "已停用" if not row.is_active else "已锁定" if row.locked_at else "在用"
            roles = "、".join(
                f"{CHINESE[Role(one.role)]}（{one.unit or one.jurisdiction}）"
                for one in held[row.id]
            )
            table.add_row(row.work_number, row.name, row.jurisdiction, state, roles)
        return table

    console.print(_run(work))


@people.command()
def lock(work_number: WorkNumber, *, reason: Reason) -> None:
    """锁定一人，立即退出其登录。"""

    async def work(session: AsyncSession, _: Settings) -> None:
        await operations.set_locked(
            session, work_number, is_locked=True, caller=CONSOLE, reason=reason
        )

    _run(work)
    console.print(f"已锁定 {work_number}。")


@people.command()
def unlock(work_number: WorkNumber, *, reason: Reason) -> None:
    """解锁一人，包括因多次输错口令的锁定。"""

    async def work(session: AsyncSession, _: Settings) -> None:
        await issuer.unlock(session, work_number, caller=CONSOLE, reason=reason)

    _run(work)
    console.print(f"已解锁 {work_number}。")


@people.command("reset-password")
def reset_password(
    work_number: WorkNumber,
    *,
    reason: Reason,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="同时清除第二因素")
    ] = False,
) -> None:
    """打印一个新的一次性口令；原口令和登录立即失效。"""

    async def work(session: AsyncSession, settings: Settings) -> issuer.Temporary:
        if settings.oidc_issuer:
            raise ForeignIssuer
        person = await operations.lock_person(session, work_number, caller=CONSOLE)
        if second_factor:
            await issuer.reset_second_factor(session, person, caller=CONSOLE, reason=reason)
        return await issuer.give_temporary(session, person, settings, caller=CONSOLE, reason=reason)

    _show_password(work_number, _run(work))


@people.command()
def grant(
    work_number: WorkNumber,
    *,
    role: Annotated[Role, typer.Option(help="角色")],
    jurisdiction: Place,
    unit: Unit = None,
    seat: Seat = None,
) -> None:
    """授予一个岗位；系统、安全、审计管理不得由同一人兼任。"""
    body = _checked(GrantRole, role=role, jurisdiction=jurisdiction, unit=unit, seat=seat)

    async def work(session: AsyncSession, _: Settings) -> None:
        wanted = Grant(**body.model_dump())
        await operations.grant(session, work_number, wanted, caller=CONSOLE)

    _run(work)
    console.print(f"已授予 {work_number}：{CHINESE[role]}。")


@people.command()
def revoke(work_number: WorkNumber, *, role: Annotated[Role, typer.Option(help="角色")]) -> None:
    """撤销一人的一种角色，在所有地区。"""

    async def work(session: AsyncSession, _: Settings) -> int:
        person = await operations.lock_person(session, work_number, caller=CONSOLE)
        found = [one for one in await held_by(session, person.id) if one.role == role]
        for one in found:
            await operations.revoke(session, work_number, one.id, caller=CONSOLE)
        return len(found)

    console.print(f"已撤销 {_run(work)} 个岗位。")


def first_steps(settings: Settings) -> str | None:
    """What to do on a platform without people; none where there are some."""

    async def work(session: AsyncSession, _: Settings) -> bool:
        return await session.scalar(select(Person.id).limit(1)) is not None

    if settings.oidc_issuer or asyncio.run(_in_transaction(settings, work)):
        return None
    return FIRST_STEPS.format(url=settings.public_url)


def _run(work: Callable[[AsyncSession, Settings], Awaitable[T]]) -> T:
    with local.local_settings(local.data_dir()) as settings:
        try:
            return asyncio.run(_in_transaction(settings, work))
        except Problem as problem:
            _refuse(problem)


async def _in_transaction(
    settings: Settings, work: Callable[[AsyncSession, Settings], Awaitable[T]]
) -> T:
    async with (
        open_runtime(Service.GATEWAY, _own(settings), Clock()) as runtime,
        runtime.database.sessions() as session,
        session.begin(),
    ):
        return await work(session, runtime.settings)


def _own(settings: Settings) -> Settings:
    own = read_settings(Service.GATEWAY)
    return own if own.database_url else settings


def _checked(kind: type[Body], **given: object) -> Body:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        _refuse(Malformed(errors=field_errors(error.errors())))


def _refuse(problem: Problem) -> NoReturn:
    console.print(f"[red]{problem.detail}[/red]")
    for error in problem.errors:
        console.print(f"[red]{error.field}：{error.message}[/red]")
    raise typer.Exit(2)


def _show_password(work_number: str, temporary: issuer.Temporary | None) -> None:
    if temporary is None:
        console.print(f"已登记 {work_number}，由外部身份服务登录。")
        return
    until = temporary.valid_until.astimezone(BEIJING)
    console.print(f"{work_number} 的一次性口令（只显示这一次，{until:%m月%d日 %H:%M} 前有效）：")
    typer.echo(temporary.password)
