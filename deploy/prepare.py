"""`hotline migrate` and `hotline topics`: what must be there before the services start."""

import asyncio

from rich.console import Console

from deploy.serve import require_database
from shared.bus.choose import open_bus
from shared.database import plain_url
from shared.events.catalogue import TOPICS
from shared.events.words import Service
from shared.migrations import migrate as migrate_service
from shared.settings import read_settings

console = Console()


def migrate() -> None:
    """把六个服务的数据表升级到最新。"""
    for service in Service:
        require_database(service)
    for service in Service:
        migrate_service(service, plain_url(read_settings(service).database_url))
    console.print("数据表已是最新。")


def topics() -> None:
    """建立缺少的消息主题。"""
    require_database(Service.GATEWAY)
    asyncio.run(open_bus(read_settings(Service.GATEWAY)).create_topics(list(TOPICS)))
    console.print(f"主题已就绪：{'、'.join(TOPICS)}")
