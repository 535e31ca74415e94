"""`hotline peers`: other platforms and subcenters, their keys and ours.

Whoever may run it has the database anyway; what it does stands in the audit under `console`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from deploy import local
from deploy.serve import require_secrets
from services.gateway.peers import operations
from services.gateway.peers.queries import list_own_keys, list_peer_keys, list_peers
from services.gateway.peers.rules import Algorithm, PeerKind
from services.gateway.peers.schemas import (
    OwnKey,
    OwnKeys,
    Peer,
    PutPeer,
    RegisterKey,
    RotateOwnKey,
)
from shared.clock import Clock
from shared.events.words import Service
from shared.problems import Problem
from shared.runtime import open_runtime
from shared.settings import Settings, read_settings

BY = "console"
LIST_MAX = 10_000
peers = typer.Typer(no_args_is_help=True, help="登记其他平台、分中心，以及双方的签名密钥")
key = typer.Typer(no_args_is_help=True, help="对方的公钥")
peers.add_typer(key, name="key")
console = Console()
T = TypeVar("T")
Body = TypeVar("Body", bound=BaseModel)
Work = Callable[[AsyncSession, Settings], Awaitable[T]]
Code = Annotated[str, typer.Argument(help="对方的平台代码", show_default=False)]
Card = Annotated[
    Path | None,
    typer.Option(help="对方的密钥卡（hotline peers own-key 的输出），一并登记其公钥"),
]


@peers.command("own-key")
def own_key() -> None:
    """打印本平台的密钥卡（JSON），交对方登记；尚无密钥的先生成。"""

    async def work(session: AsyncSession, settings: Settings) -> OwnKeys:
        if not await list_own_keys(session):
            await _rotate(session, settings, RotateOwnKey())
        return await _own_keys(session, settings)

    typer.echo(_run(work).model_dump_json())


@peers.command()
def rotate(
    *,
    algorithm: Annotated[Algorithm | None, typer.Option(help="签名算法")] = None,
    signs_after_hours: Annotated[float, typer.Option(help="多少小时后用新密钥签名")] = 24,
    overlap_hours: Annotated[float, typer.Option(help="此后旧密钥再公布多少小时")] = 24,
) -> None:
    """生成本平台新的签名密钥，并打印密钥卡，交对方在启用之前登记。"""
    body = _checked(
        RotateOwnKey,
        algorithm=algorithm,
        signs_after_hours=signs_after_hours,
        overlap_hours=overlap_hours,
    )

    async def work(session: AsyncSession, settings: Settings) -> OwnKeys:
        await _rotate(session, settings, body)
        return await _own_keys(session, settings)

    typer.echo(_run(work).model_dump_json())


@peers.command()
def add(
    code: Code,
    *,
    name: Annotated[str, typer.Option(help="名称")],
    kind: Annotated[PeerKind, typer.Option(help="与本平台的关系")],
    url: Annotated[str | None, typer.Option(help="对方网关地址")] = None,
    unit: Annotated[str | None, typer.Option(help="名录中代表它的承办单位；分中心必填")] = None,
    inactive: Annotated[bool, typer.Option("--inactive", help="停用，不再接受其签名")] = False,
    card: Card = None,
) -> None:
    """登记或修改一个平台、分中心。"""
    body = _checked(PutPeer, name=name, kind=kind, url=url, unit=unit, is_active=not inactive)
    given = [] if card is None else _read_card(card, code)

    async def work(session: AsyncSession, _: Settings) -> list[str]:
        await operations.put_peer(session, code, body.words(), by=BY)
        return await _register(session, code, given)

    console.print(f"已登记 {code}，公钥：{'、'.join(_run(work)) or '没有新的'}")


@peers.command("list")
def list_all() -> None:
    """列出已登记的平台、分中心及其公钥。"""

    async def work(session: AsyncSession, _: Settings) -> list[Peer]:
        rows = await list_peers(session, after=None, limit=LIST_MAX)
        keys = await list_peer_keys(session, [row.code for row in rows])
        now = datetime.now(UTC)
        return [Peer.of(row, [one for one in keys if one.peer == row.code], now) for row in rows]

    table = Table("代码", "名称", "关系", "地址", "单位", "启用", "公钥")
    for one in _run(work):
        keys = "\n".join(f"{each.key_id} {each.state_name}" for each in one.keys)
        is_active = "是" if one.is_active else "否"
        row = (one.code, one.name, one.kind_name, one.url or "", one.unit or "", is_active, keys)
        table.add_row(*row)
    console.print(table)


@key.command("add")
def add_key(
    code: Code,
    *,
    card: Annotated[Path, typer.Option(help="对方的密钥卡")],
    valid_until: Annotated[datetime | None, typer.Option(help="何时失效（UTC）")] = None,
) -> None:
    """登记密钥卡中尚未登记的公钥；原有的仍然有效。"""
    until = None if valid_until is None else valid_until.replace(tzinfo=UTC)
    given = [one.model_copy(update={"valid_until": until}) for one in _read_card(card, code)]
    made = _run(lambda session, _: _register(session, code, given))
    console.print(f"已登记公钥：{'、'.join(made) or '没有新的'}")


@key.command("revoke")
def revoke_key(
    code: Code, key_id: Annotated[str, typer.Argument(help="密钥编号", show_default=False)]
) -> None:
    """吊销对方的一个公钥，立即生效。"""
    _run(lambda session, _: operations.revoke_key(session, code, key_id, by=BY))
    console.print(f"已吊销 {key_id}")


async def _rotate(session: AsyncSession, settings: Settings, body: RotateOwnKey) -> None:
    signs_after, overlap = body.times()
    await operations.rotate_own_key(
        session,
        settings,
        algorithm=body.algorithm,
        signs_after=signs_after,
        overlap=overlap,
        by=BY,
    )


async def _own_keys(session: AsyncSession, settings: Settings) -> OwnKeys:
    rows = await list_own_keys(session)
    return OwnKeys(platform=settings.platform, keys=[OwnKey.of(row) for row in rows])


async def _register(session: AsyncSession, code: str, given: list[RegisterKey]) -> list[str]:
    known = {one.key_id for one in await list_peer_keys(session, [code])}
    new = [one for one in given if one.key_id not in known]
    for one in new:
        await operations.register_key(session, code, one.words(), by=BY)
    return [one.key_id for one in new]


def _read_card(path: Path, code: str) -> list[RegisterKey]:
    try:
        card = OwnKeys.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise typer.BadParameter(f"读不出密钥卡 {path}", param_hint="--card") from error
    if card.platform != code:
        wrong = f"这是 {card.platform} 的密钥卡，不是 {code} 的"
        raise typer.BadParameter(wrong, param_hint="--card")
    return [
        _checked(RegisterKey, key_id=one.key_id, algorithm=one.algorithm, public_key=one.public_key)
        for one in card.keys
    ]


def _checked(body: type[Body], **given: object) -> Body:
    try:
        return body.model_validate(given)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, one['loc']))}：{one['msg']}" for one in error.errors()]
        raise typer.BadParameter("；".join(lines)) from error


def _run(work: Work[T]) -> T:
    with local.local_settings(local.data_dir()) as settings:
        own = read_settings(Service.GATEWAY)
        if own.database_url:
            require_secrets(Service.GATEWAY, ("token_secret",))
        try:
            return asyncio.run(_work(settings, work))
        except Problem as problem:
            lines = [problem.detail, *(f"{one.field}：{one.message}" for one in problem.errors)]
            console.print(f"[red]{'；'.join(lines)}[/red]")
            raise typer.Exit(1) from problem


async def _work(settings: Settings, work: Work[T]) -> T:
    async with (
        open_runtime(Service.GATEWAY, settings, Clock()) as runtime,
        runtime.database.sessions() as session,
        session.begin(),
    ):
        return await work(session, settings)
