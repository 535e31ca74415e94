"""`hotline exchange check`: what an implementation of the exchange gets wrong."""

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Annotated

import httpx
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from rich.console import Console
from rich.table import Table

from deploy.exchange_check.peer import Peer, name_of, public_of
from deploy.exchange_check.running import Finding, run_checks
from shared.exchange import PLATFORM_PATTERN

TIMEOUT = httpx.Timeout(60, connect=3)
MARKS = {True: "[green]通过[/green]", False: "[red]不符[/red]", None: "[yellow]未查[/yellow]"}
exchange = typer.Typer(no_args_is_help=True, help="平台间交换接口")
console = Console()


@exchange.callback()
def group() -> None:
    """平台间交换接口。"""


@exchange.command()
def check(
    url: Annotated[str, typer.Argument(help="被检查平台的地址，如 https://hotline.example")],
    code: Annotated[str, typer.Option("--from", help="自检所用的平台代码")],
    key: Annotated[Path, typer.Option(help="自检所用的 Ed25519 私钥（PEM）；没有则生成")],
    *,
    key_id: Annotated[str, typer.Option(help="密钥编号；不填则由公钥算出")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """扮演一个下级平台，逐项检查对方是否符合交换接口规范；只可用于测试环境。"""
    if not re.fullmatch(PLATFORM_PATTERN, code):
        raise typer.BadParameter(f"平台代码应为 {PLATFORM_PATTERN}", param_hint="--from")
    if not key.exists():
        made = make_key(key)
        _tell_how_to_register(code, key_id or name_of(code, made), made)
        raise typer.Exit(2)
    found = asyncio.run(_check(url, code, read_key(key), key_id))
    _show(found, as_json=as_json)
    raise typer.Exit(0 if all(one.is_right for one in found) else 1)


def make_key(path: Path) -> Ed25519PrivateKey:
    """A fresh key in a file that its owner alone reads."""
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """The key in a file. Raises `typer.BadParameter`."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(f"{path} 不是 PEM 私钥", param_hint="--key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise typer.BadParameter(f"{path} 不是 Ed25519 私钥", param_hint="--key")
    return key


async def _check(url: str, code: str, key: Ed25519PrivateKey, key_id: str) -> list[Finding]:
    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
        name = key_id or name_of(code, key)
        return await run_checks(Peer(client, url, code=code, key=key, name=name))


def _tell_how_to_register(code: str, key_id: str, key: Ed25519PrivateKey) -> None:
    console.print("已生成密钥。请被检查的平台先登记这个对端，再运行一次：")
    console.print(f"  平台代码  {code}（关系：下级平台 child，不填地址）")
    console.print(f"  密钥编号  {key_id}")
    console.print(f"  公钥      {public_of(key)}（Ed25519，base64）")
    console.print("在本平台登记：由系统管理和安全管理依次调用", highlight=False)
    console.print(f'  PUT  /v1/peers/{code}       {{"name": "对接自检", "kind": "child"}}')
    console.print(f'  POST /v1/peers/{code}/keys  {{"key_id": "{key_id}", "public_key": "…"}}')


def _show(found: list[Finding], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False, indent=2))
        return
    table = Table("检查", "结果", "说明")
    for one in found:
        table.add_row(one.title, MARKS[one.is_right], one.detail)
    console.print(table)
    wrong = sum(one.is_right is False for one in found)
    right = sum(one.is_right is True for one in found)
    console.print(f"共 {len(found)} 项，通过 {right} 项，不符 {wrong} 项。")
