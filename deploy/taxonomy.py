"""`hotline taxonomy load`: the unified taxonomy from a CSV file."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import orjson
import typer
import uvloop
from rich.console import Console

from deploy.imports.lines import CsvFile, Refusal, Unreadable, open_csv
from deploy.imports.platforms import Opener, choose_platform
from deploy.imports.sending import Unreachable
from deploy.taxonomy_file import Columns, Put, Subject, plan
from shared.events.kinds import Domain
from shared.events.words import Role

PATH = "/v1/categories"
SHOWN_MAX = 20
EVERYWHERE = "000000"
taxonomy = typer.Typer(no_args_is_help=True, help="统一类别表")
console = Console(soft_wrap=True, highlight=False, markup=False)
messages = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


@taxonomy.callback()
def _group() -> None:
    """统一类别表。"""


@taxonomy.command()
def load(
    file: Annotated[Path, typer.Argument(help="CSV 文件，列名 level1、level2、level3")],
    *,
    url: Annotated[str | None, typer.Option(envvar="HOTLINE_URL", help="正在运行的网关")] = None,
    token: Annotated[str | None, typer.Option(envvar="HOTLINE_TOKEN", help="令牌")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 打印合计")] = False,
) -> None:
    """载入类别表，每行一条路径；可另有 code1 至 code3、domain 列。再次载入不会重复。

    没有代码的按路径编号，已有的不变；有误的行按行号报告，其余照常载入。
    """
    try:
        with (
            open_csv(file) as opened,
            choose_platform(
                url, token, EVERYWHERE, notice=messages.print, role=Role.ADMINISTRATOR
            ) as opener,
        ):
            totals, refusals = uvloop.run(_load(opener, opened))
    except (Unreadable, Unreachable) as error:
        messages.print(str(error), style="red")
        raise typer.Exit(2) from error
    for refusal in refusals[:SHOWN_MAX]:
        messages.print(f"第 {refusal.line} 行 {refusal.field}：{refusal.message}", style="red")
    if as_json:
        typer.echo(orjson.dumps(totals).decode())
    else:
        console.print(
            "新增 {added}，改名或改领域 {changed}，有误 {refused} 行；现有 {all} 个类别，"
            "其中 {without_domain} 个一级类别还没有注明领域".format(**totals)
        )
    raise typer.Exit(1 if refusals else 0)


async def _load(opener: Opener, file: CsvFile) -> tuple[dict[str, int], list[Refusal]]:
    async with opener() as target:
        known = await _fetch(target.client)
        done, refusals = list[Put](), list[Refusal]()
        for one in plan(Columns(file.header), file.rows(), known):
            if isinstance(one, Refusal):
                refusals.append(one)
                continue
            refusal = await _put(target.client, one)
            if refusal is None:
                done.append(one)
            else:
                refusals.append(refusal)
        await target.settle()
        known = await _fetch(target.client)
        return {
            "added": sum(one.is_new for one in done),
            "changed": sum(not one.is_new for one in done),
            "refused": len({refusal.line for refusal in refusals}),
            "all": len(known),
            # Each first level belongs to one of the five domains (GS 二(三)2, XS 三(二)).
            "without_domain": sum(one.parent is None and one.domain is None for one in known),
        }, refusals


async def _fetch(client: httpx.AsyncClient) -> list[Subject]:
    found = _checked(await _sent(client, "GET", PATH))
    return [
        Subject(
            one["code"],
            one["name"],
            one["parent"],
            # The domain of those below is their first level's.
            Domain(one["domain"]) if one["domain"] and not one["parent"] else None,
            one["is_active"],
            one["successor"],
        )
        for one in found.json()
    ]


async def _put(client: httpx.AsyncClient, one: Put) -> Refusal | None:
    subject = one.subject
    body = {
        "name": subject.name,
        "parent": subject.parent,
        "domain": subject.domain,
        "is_active": subject.is_active,
        "successor": subject.successor,
    }
    answer = await _sent(client, "PUT", f"{PATH}/{quote(subject.code, safe='')}", body)
    if answer.is_success:
        return None
    if answer.status_code not in (httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.NOT_FOUND):
        _checked(answer)
    problem = answer.json()
    errors = problem["errors"] or [{"field": "", "code": problem["code"]}]
    message = errors[0].get("message", problem["detail"])
    return Refusal(one.line, errors[0]["field"], errors[0]["code"], message)


async def _sent(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    try:
        return await client.request(method, path, json=body)
    except httpx.TransportError as error:
        raise Unreachable(f"平台没有应答（{error!r}）。") from error


def _checked(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise Unreachable(f"平台拒绝：{answer.status_code} {answer.json().get('detail', '')}")
    return answer
