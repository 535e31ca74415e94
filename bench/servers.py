"""Our servers that `bench.filing` drives, one a process: `python -m bench.servers KIND PORT`."""

import os
import sys
from uuid import UUID

import orjson
import uvloop

import services.gateway.app
import services.intake.app
from deploy.listen import listen
from services.gateway.hops import HttpHop, open_session
from services.intake.filing.filer import Filer
from services.intake.identity import Identity, Vault
from shared.clock import Clock
from shared.events.words import Service
from shared.runtime import open_runtime
from shared.settings import Settings


async def serve_intake(url: str, port: int) -> None:
    """Intake with all its checks."""
    async with open_runtime(Service.INTAKE, Settings(database_url=url), Clock()) as runtime:
        await listen(services.intake.app.make_app(runtime), host="127.0.0.1", port=port)


class OpenVault(Vault):
    """Keeps identities as they are: what filing would cost without encryption."""

    def seal(self, identity: Identity, ticket_id: UUID) -> bytes:
        """Nothing is sealed."""
        return orjson.dumps(identity)

    def phone_index(self, phone: str) -> bytes:
        """Nothing is hidden."""
        return phone.encode()


async def serve_unsealed(url: str, port: int) -> None:
    """Intake with all its checks, but without encryption."""
    async with open_runtime(Service.INTAKE, Settings(database_url=url), Clock()) as runtime:
        app = services.intake.app.make_app(runtime)
        app.state.vault = OpenVault(runtime)
        app.state.filer = Filer(runtime, app.state.vault)
        await listen(app, host="127.0.0.1", port=port)


async def serve_one_process(url: str, port: int) -> None:
    """The gateway and intake in one process."""
    settings = Settings(database_url=url)
    async with (
        open_runtime(Service.INTAKE, settings, Clock()) as intake,
        open_runtime(Service.GATEWAY, settings, Clock()) as gateway,
    ):
        hops = {Service.INTAKE: services.intake.app.make_app(intake)}
        await listen(services.gateway.app.make_app(gateway, hops), host="127.0.0.1", port=port)


async def serve_gateway(url: str, port: int) -> None:
    """The gateway alone; intake listens on the next port."""
    settings = Settings(database_url=url)
    async with (
        open_runtime(Service.GATEWAY, settings, Clock()) as gateway,
        open_session() as session,
    ):
        hops = {Service.INTAKE: HttpHop(session, f"http://127.0.0.1:{port + 1}")}
        await listen(services.gateway.app.make_app(gateway, hops), host="127.0.0.1", port=port)


KINDS = {
    "intake": serve_intake,
    "unsealed": serve_unsealed,
    "one-process": serve_one_process,
    "gateway": serve_gateway,
}

if __name__ == "__main__":
    uvloop.run(KINDS[sys.argv[1]](os.environ["BENCH_DATABASE_URL"], int(sys.argv[2])))
