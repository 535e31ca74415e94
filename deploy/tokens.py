"""`hotline token`: a bearer token for the trial."""

from typing import Annotated

import typer

from deploy import local
from deploy.trial import trial_token
from shared.access import is_of_unit
from shared.events.words import Role, Service
from shared.settings import read_settings


def token(
    *,
    role: Annotated[Role, typer.Option(help="角色")],
    unit: Annotated[str | None, typer.Option(help="承办单位代码，承办单位一方必填")] = None,
    jurisdiction: Annotated[str | None, typer.Option(help="行政区划代码")] = None,
    hours: Annotated[int, typer.Option(min=1, max=24 * 30, help="有效小时数")] = 12,
) -> None:
    """打印一个试用令牌。"""
    if is_of_unit(role) and unit is None:
        told = f"角色 {role} 须指明单位，例如 --unit 512000-01"
        raise typer.BadParameter(told, param_hint="--unit")
    settings = read_settings(Service.GATEWAY)
    if not settings.database_url:
        settings = settings.model_copy(update=local.local_secrets(local.data_dir()))
    typer.echo(trial_token(settings, role, jurisdiction=jurisdiction, unit=unit, hours=hours))
