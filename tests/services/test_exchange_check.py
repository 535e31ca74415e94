"""The conformance kit: all green for what is right, and each thing that is wrong is found."""

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.requests import Request
from starlette.responses import Response
from typer.testing import CliRunner, Result

from deploy.cli import app as command_line
from deploy.exchange_check.command import make_key, read_key
from deploy.exchange_check.peer import Peer, name_of, public_of
from deploy.exchange_check.running import CHECKS, Finding, run_checks
from services.gateway.peers.profile import PROFILE_EXAMPLE
from shared.events.words import Role
from tests.foreign import door
from tests.foreign.crossing import Crossing
from tests.foreign.platform import Platform
from tests.foreign.wire import Key, Refused
from tests.harness import Harness
from tests.services.gateway_exchange import listening
from tests.services.gateway_peers import HOST, Gate, open_gate

KEY = Ed25519PrivateKey.generate()
CODE = "512099"


async def findings(platform: Platform) -> list[Finding]:
    """What the kit finds of a foreign platform that knows it."""
    platform.peers[CODE] = door.Peer(CODE, keys={name_of(CODE, KEY): KEY.public_key()})
    transport = httpx.ASGITransport(app=platform.app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport) as client:
        peer = Peer(client, "http://foreign.test", code=CODE, key=KEY, name=name_of(CODE, KEY))
        return await run_checks(peer)


def wrong(found: list[Finding]) -> dict[str, str]:
    return {one.code: one.detail for one in found if one.is_right is not True}


async def test_a_platform_that_was_written_from_the_specification_alone_is_all_right() -> None:
    for platform in (Platform, Crossing):
        found = await findings(platform("510000", Key("510000.1")))
        assert wrong(found) == {}
        assert len(found) == len(CHECKS)


class KeepsNoNonces(Platform):
    def who(self, request: Request, body: bytes) -> str:
        self.store._db.execute("DELETE FROM nonces")
        return super().who(request, body)


class OverlooksCodes(Platform):
    overlooked: tuple[str, ...] = ()

    def who(self, request: Request, body: bytes) -> str:
        try:
            return super().who(request, body)
        except Refused as refused:
            if refused.code not in self.overlooked:
                raise
            return CODE


class TrustsAnybody(OverlooksCodes):
    overlooked = ("signature_wrong",)


class LooksAtNoDigest(OverlooksCodes):
    overlooked = ("digest_wrong",)


class LooksAtNoClock(OverlooksCodes):
    overlooked = ("signature_old", "signature_early")


class AnswersInWords(Platform):
    def _guarded(self, answer: Any) -> Any:
        async def guarded(request: Request) -> Response:
            found = await super(AnswersInWords, self)._guarded(answer)(request)
            return Response("no", found.status_code) if found.status_code == 401 else found

        return guarded


class ForgetsIds(Platform):
    def take(self, sender: str, line: bytes) -> dict[str, Any]:
        answer = super().take(sender, line)
        return answer | {"status": "accepted"} if answer["status"] == "duplicate" else answer


class LetsGapsBe(Platform):
    def take(self, sender: str, line: bytes) -> dict[str, Any]:
        answer = super().take(sender, line)
        return {"id": answer["id"], "status": "accepted"} if "expected" in answer else answer


class ExpectsTheWrongOne(Platform):
    def take(self, sender: str, line: bytes) -> dict[str, Any]:
        answer = super().take(sender, line)
        return answer | {"expected": answer["expected"] + 1} if "expected" in answer else answer


class StopsAtABadLine(Platform):
    def take_all(self, sender: str, lines: list[tuple[int, bytes]]) -> list[dict[str, Any]]:
        for _, line in lines:
            try:
                json.loads(line)
            except ValueError as error:
                raise Refused(422, "malformed") from error
        return super().take_all(sender, lines)


class CountsLinesWithoutEmptyOnes(Platform):
    def take_all(self, sender: str, lines: list[tuple[int, bytes]]) -> list[dict[str, Any]]:
        return super().take_all(sender, [(n, line) for n, (_, line) in enumerate(lines, 1)])


class AnswersInDisorder(Platform):
    def take_all(self, sender: str, lines: list[tuple[int, bytes]]) -> list[dict[str, Any]]:
        return super().take_all(sender, lines)[::-1]


class SwallowsPoison(Platform):
    def poison(self, message: dict[str, Any]) -> str | None:
        return None


class RefusesTheUnknown(Platform):
    def poison(self, message: dict[str, Any]) -> str | None:
        return super().poison(message) or ("more" if "more" in message["payload"] else None)


class LetsIdsBeReused(Platform):
    def take(self, sender: str, line: bytes) -> dict[str, Any]:
        answer = super().take(sender, line)
        is_reused = (answer.get("problem") or {}).get("code") in ("id_reused", "sequence_reused")
        return {"id": answer["id"], "status": "duplicate"} if is_reused else answer


class TakesMessagesOfOthers(Platform):
    def read(self, sender: str, line: bytes) -> dict[str, Any]:
        message = json.loads(line)
        if isinstance(message, dict):
            message |= {"from": sender}
        return super().read(sender, json.dumps(message).encode())


class TakesAnyNumberOfLines(Platform):
    async def messages(self, request: Request, body: bytes, sender: str) -> Response:
        if body.count(b"\n") > door.LINES_MAX:
            return Response("", media_type=door.NDJSON)
        return await super().messages(request, body, sender)


class DigestsTheWords(Platform):
    def tallies(self, table: str, peer: str, asked: dict[str, str]) -> dict[str, Any]:
        found = super().tallies(table, peer, asked)
        for one in found["tallies"]:
            one["digest"] = one["digest"][::-1]
        return found


class CountsTwice(Platform):
    def tallies(self, table: str, peer: str, asked: dict[str, str]) -> dict[str, Any]:
        found = super().tallies(table, peer, asked)
        for one in found["tallies"]:
            one["count"] += 1
        return found


class CountsByLocalDay(Platform):
    def tallies(self, table: str, peer: str, asked: dict[str, str]) -> dict[str, Any]:
        if asked["day"] == "2000-12-31":
            return {"day": asked["day"], "tallies": [], "marks": []}
        return super().tallies(table, peer, asked)


class GivesAnyFile(Platform):
    async def attachment(self, request: Request, _: bytes, sender: str) -> Response:
        return Response(b"somebody's letter")


class HidesItsKeys(Platform):
    async def keys(self, _: Request) -> Response:
        return Response(status_code=404)


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (KeepsNoNonces, "replayed"),
        (TrustsAnybody, "wrong_key"),
        (LooksAtNoDigest, "changed_body"),
        (LooksAtNoClock, "old_clock"),
        (AnswersInWords, "problem_form"),
        (ForgetsIds, "duplicate"),
        (LetsGapsBe, "gap"),
        (ExpectsTheWrongOne, "gap"),
        (StopsAtABadLine, "bad_line"),
        (CountsLinesWithoutEmptyOnes, "bad_line"),
        (AnswersInDisorder, "many"),
        (SwallowsPoison, "poison"),
        (RefusesTheUnknown, "unknown"),
        (LetsIdsBeReused, "reused"),
        (TakesMessagesOfOthers, "envelope"),
        (TakesAnyNumberOfLines, "limits"),
        (DigestsTheWords, "reconciled"),
        (CountsTwice, "reconciled"),
        (CountsByLocalDay, "reconciled"),
        (GivesAnyFile, "attachments"),
        (HidesItsKeys, "keys"),
    ],
)
async def test_what_a_broken_platform_does_wrong_is_found(
    broken: type[Platform], check: str
) -> None:
    found = wrong(await findings(broken("510000", Key("510000.1"))))
    assert check in found
    assert found[check]


async def test_our_own_gateway_is_all_right(harness: Harness) -> None:
    gate = await open_gate(harness)
    gate.behind.answer = {"items": PROFILE_EXAMPLE["sealing_keys"]}
    key = await gate.join(CODE, {"name": "对接自检", "kind": "child"})
    private = Ed25519PrivateKey.from_private_bytes(key.private)
    await make_own_key(gate)
    found = await run_checks(Peer(gate.client, HOST, code=CODE, key=private, name=key.key_id))
    assert wrong(found) == {}


async def make_own_key(gate: Gate) -> None:
    security = await gate.person(Role.SECURITY)
    made = await security.post("/v1/peers/own-keys/rotate", json={"signs_after_hours": 0})
    assert made.status_code == 201, made.text


async def test_nothing_else_is_looked_at_where_nobody_is_known() -> None:
    platform = Platform("510000", Key("510000.1"))
    transport = httpx.ASGITransport(app=platform.app())
    async with httpx.AsyncClient(transport=transport) as client:
        peer = Peer(client, "http://foreign.test", code=CODE, key=KEY, name=name_of(CODE, KEY))
        found = await run_checks(peer)
    assert [one.is_right for one in found[:3]] == [True, False, None]
    assert "key_unknown" in found[1].detail
    assert all(one.is_right is None for one in found[2:])


async def hotline(*words: str | Path) -> Result:
    """What the command said."""
    command = ["exchange", "check", *map(str, words)]
    invoke = partial(CliRunner().invoke, command_line, command, env={"COLUMNS": "200"})
    return await asyncio.to_thread(invoke)


async def test_the_command_makes_a_key_says_how_to_register_it_and_shows_what_it_found(
    tmp_path: Path,
) -> None:
    platform, file = Platform("510000", Key("510000.1")), tmp_path / "check.pem"
    async with listening(platform.app()) as url:
        first = await hotline(url, "--from", CODE, "--key", file)
        assert first.exit_code == 2
        assert "登记" in first.output
        assert file.stat().st_mode & 0o077 == 0
        key = read_key(file)
        assert all(word in first.output for word in (public_of(key), name_of(CODE, key)))

        platform.peers[CODE] = door.Peer(CODE, keys={name_of(CODE, key): key.public_key()})
        second = await hotline(url, "--from", CODE, "--key", file)
        assert second.exit_code == 0, second.output
        assert f"通过 {len(CHECKS)} 项，不符 0 项" in second.output

        platform.peers.clear()
        third = await hotline(url, "--from", CODE, "--key", file, "--json")
        assert third.exit_code == 1
        found = {one["code"]: one["is_right"] for one in json.loads(third.output)}
        assert (found["keys"], found["good_signature"], found["gap"]) == (True, False, None)


async def test_the_command_refuses_what_is_no_code_no_key_and_nobody_there(tmp_path: Path) -> None:
    file = tmp_path / "check.pem"
    file.write_text("no key")
    assert (await hotline("http://127.0.0.1:9", "--from", "a b", "--key", file)).exit_code == 2
    bad = await hotline("http://127.0.0.1:9", "--from", CODE, "--key", file)
    assert (bad.exit_code, "PEM" in bad.output) == (2, True)
    file.unlink()
    make_key(file)
    nobody = await hotline("http://127.0.0.1:9", "--from", CODE, "--key", file)
    assert nobody.exit_code == 1
    assert "没有应答" in nobody.output
