"""The `hotline` command."""

import asyncio
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from deploy import (
    audit,
    dispatch,
    explain,
    federation,
    keys,
    law,
    local,
    machine,
    parked,
    peers,
    people,
    tokens,
)
from deploy.demo.command import demo as demo_command
from deploy.erase import erase
from deploy.exchange_check.command import exchange
from deploy.imports.command import imports
from deploy.platform import migrate_all, serve_platform
from deploy.policy import deadlines as deadlines_command
from deploy.serve import require_database, require_secrets, serve
from deploy.suggest import suggest
from deploy.taxonomy import taxonomy
from shared.bus.choose import open_bus
from shared.clock import Clock
from shared.database import plain_url
from shared.events.catalogue import TOPICS
from shared.events.words import Service
from shared.migrations import migrate as migrate_service
from shared.settings import read_settings
from shared.telemetry import configure_logs

HOST = "127.0.0.1"
app = typer.Typer(no_args_is_help=True, add_completion=False, help="12345 政务服务便民热线平台")
app.add_typer(imports, name="import")
law.policy.command("list")(explain.list_packs)
law.policy.command("check")(explain.check)
law.policy.command("explain")(explain.explain_pack)
law.policy.command("diff")(explain.diff)
app.add_typer(law.policy, name="policy")
app.add_typer(law.calendar, name="calendar")
app.add_typer(parked.parked, name="parked")
app.add_typer(exchange, name="exchange")
app.add_typer(audit.audit, name="audit")
app.add_typer(people.people, name="people")
app.add_typer(peers.peers, name="peers")
app.add_typer(federation.federation, name="federation")
app.add_typer(dispatch.dispatch, name="dispatch")
app.add_typer(keys.keys, name="keys")
app.add_typer(suggest, name="suggest")
app.add_typer(taxonomy, name="taxonomy")
app.command("demo")(demo_command)
app.command("deadlines")(deadlines_command)
app.command("erase")(erase)
app.command("token")(tokens.token)
app.command("serve")(serve)
app.command("machine")(machine.machine)
console = Console()
Port = Annotated[int, typer.Option(help="网关监听的端口")]
Host = Annotated[str, typer.Option(help="监听地址；容器内用 0.0.0.0")]


@app.command()
def up(port: Port = 8000, host: Host = HOST) -> None:
    """一台机器上运行全部服务，数据保存在 HOTLINE_DATA_DIR。"""
    folder = local.data_dir()
    if read_settings(Service.GATEWAY).database_url:
        require_secrets(Service.GATEWAY, local.SECRET_NAMES)
    with local.local_settings(folder) as settings:
        console.print(f"数据目录：{folder.resolve()}")
        with console.status("正在准备数据库…"):
            migrate_all(settings.database_url)
        settings = local.with_public_url(settings, host=host, port=port)
        console.print(f"打开 http://{host}:{port}/ ，接口说明 http://{host}:{port}/docs")
        console.print("令牌：hotline token --role operator --jurisdiction 512000")
        if advice := people.first_steps(settings):
            console.print(advice, soft_wrap=True)
        uvloop.run(serve_platform(settings, Clock(), host=host, port=port))


@app.command()
def migrate() -> None:
    """把六个服务的数据表升级到最新。"""
    for service in Service:
        require_database(service)
    for service in Service:
        migrate_service(service, plain_url(read_settings(service).database_url))
    console.print("数据表已是最新。")


@app.command()
def topics() -> None:
    """建立缺少的消息主题。"""
    require_database(Service.GATEWAY)
    asyncio.run(open_bus(read_settings(Service.GATEWAY)).create_topics(list(TOPICS)))
    console.print(f"主题已就绪：{'、'.join(TOPICS)}")


def main() -> None:
    """Run the command line."""
    configure_logs()
    app()
