"""Checks of messages: what is taken, what is not, and what two sides count."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from deploy.exchange_check.doors import Check
from deploy.exchange_check.peer import PROGRESSED, Peer, Wrong, written
from shared.exchange import NDJSON, canonical, digest_of, sum_of

LINES_MAX = 10_000
MANY = 500
TOO_LARGE = 413


async def single(peer: Peer) -> None:
    """One message is taken."""
    message = peer.message()
    answer = await peer.tell(message)
    _is(answer, "accepted", "一条新消息")
    if answer.get("id") != message["id"]:
        raise Wrong(f"答复的 id 是 {answer.get('id')}，应与消息相同")


async def many(peer: Peer) -> None:
    """Lines are taken, and answered in their order."""
    lines = [peer.message() for _ in range(MANY)]
    answers = await peer.tell_lines(lines)
    for number, (line, answer) in enumerate(zip(lines, answers, strict=True), 1):
        _is(answer, "accepted", f"第 {number} 行")
        if (answer.get("line"), answer.get("id")) != (number, line["id"]):
            raise Wrong(f"第 {number} 行的答复 line 为 {answer.get('line')}，或 id 不符")


async def duplicate(peer: Peer) -> None:
    """The same message again is a duplicate: alone, in lines, and at the same moment."""
    message = peer.message()
    _is(await peer.tell(message), "accepted", "第一次")
    _is(await peer.tell(message), "duplicate", "同一消息的第二次")
    [first, second] = await peer.tell_lines([message, message])
    _is(first, "duplicate", "成批再送")
    _is(second, "duplicate", "成批再送")
    fresh = peer.message()
    answers = await asyncio.gather(*(peer.tell(fresh) for _ in range(4)))
    said = sorted(str(one["status"]) for one in answers)
    if said != ["accepted", "duplicate", "duplicate", "duplicate"]:
        raise Wrong(f"同时送四次，应一次 accepted 三次 duplicate，实为 {'、'.join(said)}")


async def gap(peer: Peer) -> None:
    """A gap is answered with what is expected, and filled from there."""
    subject = str(uuid4())
    first, second, third = (peer.message(subject, number) for number in (1, 2, 3))
    answer = await peer.tell(second)
    _is(answer, "out_of_order", "尚无第 1 条时送第 2 条")
    _expects(answer, 1)
    _is(await peer.tell(first), "accepted", "补第 1 条")
    answer = await peer.tell(third)
    _is(answer, "out_of_order", "有第 1 条时送第 3 条")
    _expects(answer, 2)
    for answer in await peer.tell_lines([second, third]):
        _is(answer, "accepted", "依序补发第 2、3 条")


async def order(peer: Peer) -> None:
    """Lines of one subject are judged one after the other, each subject by itself."""
    one, other = str(uuid4()), str(uuid4())
    lines = [peer.message(one, 2), peer.message(one, 1), peer.message(other, 1)]
    said = [answer["status"] for answer in await peer.tell_lines(lines)]
    if said != ["out_of_order", "accepted", "accepted"]:
        raise Wrong(
            f"送甲2、甲1、乙1，应答 out_of_order、accepted、accepted，实为 {'、'.join(said)}"
        )


async def bad_line(peer: Peer) -> None:
    """A bad line is reported by its number, and the rest goes on."""
    good = [peer.message(), peer.message(), peer.message()]
    bad: list[Any] = [b"{not json", written(peer.message(sequence=0)), b"[]"]
    answers = await peer.tell_lines([good[0], bad[0], good[1], b"", bad[1], bad[2], good[2]])
    wanted = [(1, "accepted"), (2, "refused"), (3, "accepted"), (5, "refused"), (6, "refused")]
    wanted.append((7, "accepted"))
    said = [(one.get("line"), one["status"]) for one in answers]
    if said != wanted:
        raise Wrong(f"第 2、5、6 行有误、第 4 行为空，答复却是 {said}")
    _explains(answers[1])


async def poison(peer: Peer) -> None:
    """What cannot be used is set aside and says why; its subject waits, the rest goes on."""
    subject = str(uuid4())
    broken = peer.message(subject, 1, payload={"type": "ticket.created", "data": {"number": "1"}})
    [answer, behind, beside] = await peer.tell_lines(
        [broken, peer.message(subject, 2), peer.message()]
    )
    _is(answer, "set_aside", "缺必填字段的内容")
    _explains(answer)
    _is(behind, "set_aside", "排在搁置消息之后的同一主题的消息")
    _is(beside, "accepted", "其他主题的消息")
    _is(await peer.tell(broken), "duplicate", "再送已搁置的消息")
    swapped = peer.message(kind="rating")
    _is(await peer.tell(swapped), "set_aside", "kind 与 type 不配的消息")


async def unknown(peer: Peer) -> None:
    """Fields and types that the other side does not know are no error."""
    message = peer.message(later="以后的字段")
    message["payload"] = message["payload"] | {
        "more": [1],
        "data": message["payload"]["data"] | {"later": {"a": 1.5}},
    }
    _is(await peer.tell(message), "accepted", "带有未知字段的消息")
    told = {"type": "ticket.not_invented_yet", "data": {"a": None}}
    answer = await peer.tell(peer.message(message["subject"], 2, payload=told))
    _is(answer, "accepted", "未知 type 的消息")


async def reused(peer: Peer) -> None:
    """An id or a place that another message had is refused."""
    subject = str(uuid4())
    first = peer.message(subject, 1)
    _is(await peer.tell(first), "accepted", "第 1 条")
    changed = peer.message(subject, 1, id=first["id"], payload=PROGRESSED, kind="act")
    _code(await peer.tell(changed), "id_reused", "同一 id 而内容不同")
    _code(await peer.tell(peer.message(subject, 1)), "sequence_reused", "同一序号而 id 不同")


async def envelope(peer: Peer) -> None:
    """A message of another sender, for another receiver, or without what it must have."""
    wrong = {"from": "XX99", "to": "XX99", "sequence": "1", "id": "1", "kind": "gossip",
             "time": "2026-09-29T16:08:21", "specversion": "2.0", "payload": []}  # fmt: skip
    for name, value in wrong.items():
        answer = await peer.tell(peer.message() | {name: value})
        _is(answer, "refused", f"{name} 为 {value!r} 的消息")
        _explains(answer)
    lacking = peer.message()
    del lacking["subject"]
    _is(await peer.tell(lacking), "refused", "没有 subject 的消息")


async def limits(peer: Peer) -> None:
    """More lines than are agreed are refused whole."""
    answer = await peer.send(b"{}\n" * (LINES_MAX + 1), media=NDJSON)
    if answer.status_code != TOO_LARGE:
        raise Wrong(f"{LINES_MAX + 1} 行：应答 {answer.status_code}，应为 413")
    long = peer.message()
    long["payload"] = long["payload"] | {
        "data": long["payload"]["data"] | {"content": "长" * 20_000}
    }
    _is(await peer.tell(long), "accepted", "诉求内容 20,000 字的消息")


async def reconciled(peer: Peer) -> None:
    """What two sides count of a day is equal: by kind, by hour, and one by one."""
    peer.at += timedelta(hours=1)
    beyond = peer.message(time="2001-01-01T07:59:00+08:00")
    _is(await peer.tell(beyond), "accepted", "时区为 +08:00 的消息")
    for day in sorted({_day(one) for one in peer.taken}):
        found = await peer.reconcile(f"day={day}")
        ours = [one for one in peer.taken if _day(one) == day]
        _agree(found, _tallies(ours), day)
    message = peer.taken[0]
    day, kind, hour = _day(message), message["kind"], _utc(message).hour
    of_kind = [one for one in peer.taken if (_day(one), one["kind"]) == (day, kind)]
    by_hour = await peer.reconcile(f"day={day}&kind={kind}")
    hours = {one["hour"]: one["count"] for one in by_hour["tallies"]}
    if sum(hours.values()) != len(of_kind) or hour not in hours:
        raise Wrong(f"{day} {kind} 按小时共 {sum(hours.values())} 条，应为 {len(of_kind)} 条")
    marks = (await peer.reconcile(f"day={day}&kind={kind}&hour={hour}")).get("marks", [])
    wanted = {one["id"]: _digest(one) for one in of_kind if _utc(one).hour == hour}
    if {one["id"]: one["digest"] for one in marks} != wanted:
        raise Wrong(f"{day} {kind} {hour} 时逐条列出的编号或摘要与所送不同")


def _agree(found: dict[str, Any], wanted: dict[str, tuple[int, str]], day: str) -> None:
    theirs = {one["kind"]: (one["count"], one["digest"]) for one in found["tallies"]}
    for kind in sorted({*wanted, *theirs}):
        count, digest = wanted.get(kind, (0, ""))
        said, said_digest = theirs.get(kind, (0, ""))
        if said != count:
            raise Wrong(f"{day} {kind}：对方计 {said} 条，我方送达 {count} 条")
        if said_digest != digest:
            raise Wrong(f"{day} {kind}：条数相同而摘要不同；请核对 RFC 8785 规范化和求和")


def _tallies(messages: list[dict[str, Any]]) -> dict[str, tuple[int, str]]:
    kinds = sorted({one["kind"] for one in messages})
    found = {kind: [bytes.fromhex(_digest(one)) for one in messages if one["kind"] == kind]
             for kind in kinds}  # fmt: skip
    return {kind: (len(some), sum_of(some)) for kind, some in found.items()}


def _digest(message: dict[str, Any]) -> str:
    return digest_of(UUID(message["id"]), canonical(message["payload"])).hex()


def _utc(message: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(message["time"]).astimezone(UTC)


def _day(message: dict[str, Any]) -> str:
    return f"{_utc(message):%Y-%m-%d}"


def _is(answer: dict[str, Any], status: str, what: str) -> None:
    if answer["status"] != status:
        problem = answer.get("problem") or ""
        raise Wrong(f"{what}：答 {answer['status']}，应为 {status} {problem}")


def _expects(answer: dict[str, Any], expected: int) -> None:
    if answer.get("expected") != expected:
        raise Wrong(f"expected 是 {answer.get('expected')}，应为 {expected}")


def _explains(answer: dict[str, Any]) -> None:
    problem = answer.get("problem")
    if not isinstance(problem, dict) or not problem.get("code") or not problem.get("detail"):
        raise Wrong(f"{answer['status']} 的答复没有 problem 说明原因")


def _code(answer: dict[str, Any], code: str, what: str) -> None:
    _is(answer, "refused", what)
    _explains(answer)
    problem = answer["problem"]
    codes = {problem["code"], *(one.get("code") for one in problem.get("errors", []))}
    if code not in codes:
        raise Wrong(f"{what}：problem 中没有 {code}")


MESSAGES: tuple[tuple[str, str, Check], ...] = (
    ("single", "接收单条消息", single),
    ("many", "成批接收，逐行答复，次序不变", many),
    ("duplicate", "重复的消息只计一次", duplicate),
    ("gap", "序号有缺答 out_of_order 和 expected，补发后接续", gap),
    ("order", "同一主题逐行按序，主题之间互不影响", order),
    ("bad_line", "有误的行按行号指出，其余照收", bad_line),
    ("poison", "不能用的内容搁置并说明，其余照收", poison),
    ("unknown", "未知的字段和类型不算错", unknown),
    ("reused", "编号或序号被另一消息占用则拒收", reused),
    ("envelope", "信封不合格则拒收", envelope),
    ("limits", "超过行数上限则整体拒绝", limits),
    ("reconciled", "对账的条数和摘要一致", reconciled),
)
