"""`hotline up`: the whole platform on this machine, on data that stays."""

from typing import Annotated

import typer
import uvloop
from rich.console import Console

from deploy import local, people
from deploy.platform import migrate_all, serve_platform
from deploy.serve import require_secrets
from shared.clock import Clock
from shared.events.words import Service
from shared.settings import read_settings

HOST = "127.0.0.1"
console = Console()
Port = Annotated[int, typer.Option(help="网关监听的端口")]
Host = Annotated[str, typer.Option(help="监听地址；容器内用 0.0.0.0")]


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
