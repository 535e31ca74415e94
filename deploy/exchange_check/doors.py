"""Checks of the door: the keys document, and signatures, right and wrong."""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.exchange_check.peer import KEYS_PATH, How, Peer, Wrong, written
from services.gateway.peers.profile import PROFILE_PATH, VALID_MAX, Profile, is_signed
from services.gateway.peers.rules import PUBLIC_BYTES, Algorithm
from services.gateway.peers.signing import COVERED, VerifyKey
from shared.crypto.provider import Suite
from shared.exchange import ATTACHMENTS_PATH, MESSAGES_PATH, RECONCILIATION_PATH, Kind
from shared.problems import MEDIA_TYPE

Check = Callable[[Peer], Awaitable[None]]
UNAUTHENTICATED = 401
HOUR = timedelta(hours=1)
SEALING_KEY_BYTES = {(Suite.INTERNATIONAL, 32), (Suite.NATIONAL, 65)}
QUERY = f"{RECONCILIATION_PATH}?day=2000-01-01"


async def keys(peer: Peer) -> None:
    """The keys document is open, names the platform, and has a key that can be read."""
    answer = await peer.call("GET", KEYS_PATH, b"", {})
    if answer.status_code != 200:
        raise Wrong(f"GET {KEYS_PATH} 应答 {answer.status_code}；该地址不用签名")
    try:
        found = json.loads(answer.content)
        peer.other = found["platform"]
        for one in found["keys"]:
            public = base64.b64decode(one["public_key"], validate=True)
            peer.known[one["key_id"]] = VerifyKey(Algorithm(one["algorithm"]), public)
    except (ValueError, KeyError, TypeError) as error:
        raise Wrong(f"公钥文件应有 platform 和 keys[]：{error!r}") from error
    if not peer.known:
        raise Wrong("公钥文件中没有公钥")
    for name, key in peer.known.items():
        if not name or len(key.public) != PUBLIC_BYTES[key.algorithm]:
            raise Wrong(f"公钥 {name} 的 public_key 不合规范")


async def good_signature(peer: Peer) -> None:
    """A right signature opens the door, with a body and without."""
    answer = await peer.call("GET", QUERY, b"", peer.headers("GET", QUERY, b""))
    _opened(answer, "没有内容的请求")
    answer = await peer.send(written(peer.message() | {"to": "00"}))
    _opened(answer, "有内容的请求")


async def other_label(peer: Peer) -> None:
    """A signature of somebody else's may stand beside ours."""
    headers = peer.headers("GET", QUERY, b"")
    for name, value in (("Signature-Input", '("@method");created=1;tag="other"'),
                        ("Signature", ":AAAA:")):  # fmt: skip
        headers[name] = f"other={value}, {headers[name]}"
    _opened(await peer.call("GET", QUERY, b"", headers), "另带一个其他标签的签名时")


async def wrong_key(peer: Peer) -> None:
    """A signature by another key under our name is refused."""
    await _refused_signature(peer, How(key=Ed25519PrivateKey.generate()), "用别的密钥签的名")


async def unknown_key(peer: Peer) -> None:
    """A key that nobody registered is refused."""
    how = How(key=Ed25519PrivateKey.generate(), key_id="nobody.0000000000000000")
    await _refused_signature(peer, how, "未登记的密钥编号")


async def changed_body(peer: Peer) -> None:
    """A body that is not the signed one is refused."""
    body = written(peer.message())
    headers = peer.headers("POST", MESSAGES_PATH, body) | {"Content-Type": "application/json"}
    changed = body.replace(b"CHECK-1", b"CHECK-2")
    _is_refused(await peer.call("POST", MESSAGES_PATH, changed, headers), "内容被改动")


async def changed_query(peer: Peer) -> None:
    """A query or a method that is not the signed one is refused."""
    headers = peer.headers("GET", QUERY, b"")
    answer = await peer.call("GET", QUERY.replace("-01-01", "-01-02"), b"", headers)
    _is_refused(answer, "查询串被改动")


async def old_clock(peer: Peer) -> None:
    """A signature of an hour ago is refused, even where it says that it lives long."""
    await _refused_signature(peer, How(created=-HOUR), "一小时前签的名，已过期")
    await _refused_signature(
        peer, How(created=-HOUR, lives=24 * HOUR), "一小时前签的名，自称未过期"
    )


async def early_clock(peer: Peer) -> None:
    """A signature of the next hour is refused."""
    await _refused_signature(peer, How(created=HOUR), "签名时间在一小时之后")


async def replayed(peer: Peer) -> None:
    """The same request a second time is refused: its nonce was used."""
    headers = peer.headers("GET", QUERY, b"")
    _opened(await peer.call("GET", QUERY, b"", headers), "第一次")
    _is_refused(await peer.call("GET", QUERY, b"", headers), "同一 nonce 的第二次请求")


async def missing_parts(peer: Peer) -> None:
    """Each header and each part of a signature that is missing is refused."""
    whole = peer.headers("POST", MESSAGES_PATH, b"{}")
    for name in whole:
        headers = {one: value for one, value in whole.items() if one != name}
        answer = await peer.call("POST", MESSAGES_PATH, b"{}", headers)
        _is_refused(answer, f"没有 {name} 首部")
    for part in COVERED:
        how = How(covered=tuple(one for one in COVERED if one != part))
        await _refused_signature(peer, how, f"签名未覆盖 {part}")
    await _refused_signature(peer, How(covers_body=False), "有内容而签名未覆盖 content-digest")
    await _refused_signature(peer, How(nonce=""), "签名没有 nonce")
    await _refused_signature(peer, How(tag="other"), "签名的 tag 不是 hotline-12345")


async def problem_form(peer: Peer) -> None:
    """What is refused says why, in the form of RFC 9457."""
    answer = await peer.call("GET", QUERY, b"", {})
    said = answer.headers.get("content-type", "").partition(";")[0]
    if said != MEDIA_TYPE:
        raise Wrong(f"拒绝时 Content-Type 是 {said or '空'}，应为 {MEDIA_TYPE}")
    try:
        body = json.loads(answer.content)
        given = (body["type"], body["title"], body["detail"], body["code"])
        is_right = body["status"] == answer.status_code and all(given)
    except (ValueError, KeyError, TypeError) as error:
        raise Wrong(f"拒绝的说明缺少内容：{error!r}") from error
    if not is_right:
        raise Wrong("拒绝的说明中 status 与 HTTP 状态不同，或有空项")


async def profile(peer: Peer) -> None:
    """What it says of itself is signed with a key of its own, holds now, and not for long."""
    answer = await peer.call("GET", PROFILE_PATH, b"", peer.headers("GET", PROFILE_PATH, b""))
    _opened(answer, f"GET {PROFILE_PATH}")
    told = json.loads(answer.content)
    said = Profile.model_validate(told)
    if said.platform != peer.other:
        raise Wrong(f"平台说明的 platform 是 {said.platform}，公钥文件的是 {peer.other}")
    key = peer.known.get(said.signature.key_id)
    if key is None:
        raise Wrong(f"平台说明由 {said.signature.key_id} 签名，公布的公钥中没有它")
    if not is_signed(told, said, key):
        raise Wrong("平台说明的签名不符；应签去掉 signature 之后的 RFC 8785 规范化形式")
    now = datetime.now(UTC)
    if not now < said.valid_until <= now + VALID_MAX:
        raise Wrong(f"平台说明的 valid_until 是 {said.valid_until}，应在今后 24 小时之内")
    if Kind.FORWARD in said.kinds:
        found = [(one.suite, len(base64.b64decode(one.public_key))) for one in said.sealing_keys]
        if not SEALING_KEY_BYTES & set(found):
            raise Wrong("办理转办的平台须给出加密公钥：international 32 字节，national 65 字节")


async def attachments(peer: Peer) -> None:
    """A file is given to who was told of it: to nobody unsigned, and nothing that was not told."""
    path = f"{ATTACHMENTS_PATH}/{hashlib.sha256(peer.code.encode()).hexdigest()}"
    _is_refused(await peer.call("GET", path, b"", {}), "不签名而取附件")
    answer = await peer.call("GET", path, b"", peer.headers("GET", path, b""))
    if answer.status_code != 404:
        raise Wrong(f"取没有告知过的附件：应答 {answer.status_code}，应为 404")


async def _refused_signature(peer: Peer, how: How, what: str) -> None:
    message = peer.message()
    _is_refused(await peer.send(written(message), how=how), what)
    # Refused is refused whole: the message must not have been taken all the same.
    found = await peer.tell(message | {"sequence": 2, "kind": "act"})
    if found["status"] != "out_of_order":
        raise Wrong(f"{what}：虽答拒绝，消息却被接收")


def _is_refused(answer: httpx.Response, what: str) -> None:
    if answer.status_code != UNAUTHENTICATED:
        raise Wrong(f"{what}：应答 {answer.status_code}，应为 401")


def _opened(answer: httpx.Response, what: str) -> None:
    if answer.status_code != 200:
        raise Wrong(f"{what}：应答 {answer.status_code}，应为 200：{answer.text[:160]}")


DOORS: tuple[tuple[str, str, Check], ...] = (
    ("keys", "公布公钥", keys),
    ("good_signature", "正确的签名放行", good_signature),
    ("other_label", "旁边有其他标签的签名不影响", other_label),
    ("wrong_key", "密钥不对则拒绝", wrong_key),
    ("unknown_key", "未登记的密钥编号则拒绝", unknown_key),
    ("changed_body", "内容被改动则拒绝", changed_body),
    ("changed_query", "查询串被改动则拒绝", changed_query),
    ("old_clock", "签名过期则拒绝", old_clock),
    ("early_clock", "签名时间在将来则拒绝", early_clock),
    ("replayed", "重放则拒绝", replayed),
    ("missing_parts", "缺少首部或成分则拒绝", missing_parts),
    ("problem_form", "拒绝时说明原因（RFC 9457）", problem_form),
    ("attachments", "没有告知过的附件不给", attachments),
    ("profile", "平台说明由公布的密钥签名", profile),
)
