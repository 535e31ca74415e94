"""Messages that WeChat's and Weibo's servers push, from their public descriptions."""

import time
from collections.abc import Mapping
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import orjson

from services.intake.channels.rules import Message, Sender, reference_of
from shared.events.words import Channel
from shared.problems import field_error

MARKUP = ("<!DOCTYPE", "<!ENTITY")
PLACE = "位置：{}"
NO_WORDS = "请用文字说明您的诉求（时间、地点、事由），谢谢。"
FILED = "您的诉求已收到，工单编号 {number}，查询码 {query_code}。"


def read_wechat(body: bytes) -> tuple[Mapping[str, str], Message | None]:
    """The fields of a push, and the request in it; none in a picture, a click, a subscription.

    Raises `Malformed` for what is no such XML.
    """
    try:
        # As they write, whatever charset it claims: another would hide marks, or be unknown.
        text = body.decode()
        # A document type could name entities that grow without end.
        if any(mark in text for mark in MARKUP):
            raise field_error("body", "xml_invalid", "不是有效的消息 XML")
        root = ElementTree.fromstring(text)  # noqa: S314  no document type, so no entities
    except (UnicodeDecodeError, ElementTree.ParseError) as error:
        raise field_error("body", "xml_invalid", "不是有效的消息 XML") from error
    fields = {child.tag: child.text or "" for child in root}
    words = {
        "text": fields.get("Content", ""),
        "voice": fields.get("Recognition", ""),
        "location": PLACE.format(fields["Label"]) if fields.get("Label") else "",
    }.get(fields.get("MsgType", ""), "")
    sender = fields.get("FromUserName", "")
    if not words.strip() or not sender:
        return fields, None
    # Only what users say has an id; it stays the same when WeChat pushes again.
    reference = fields.get("MsgId") or reference_of(body)
    return fields, Message(Channel.WECHAT, reference, Sender(contact=sender), words.strip())


def wechat_answer(fields: Mapping[str, str], words: str) -> str:
    """What the user reads in answer to a push."""
    return (
        f"<xml><ToUserName>{escape(fields.get('FromUserName', ''))}</ToUserName>"
        f"<FromUserName>{escape(fields.get('ToUserName', ''))}</FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType>text</MsgType>"
        f"<Content>{escape(words)}</Content></xml>"
    )


def read_weibo(body: bytes) -> Message | None:
    """The request in a push; none in an event or a picture. Raises `Malformed`."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise field_error("body", "json_invalid", "不是有效的 JSON") from error
    if not isinstance(fields, dict):
        raise field_error("body", "json_invalid", "应为 JSON 对象")
    words, sender = fields.get("text"), fields.get("sender_id")
    if fields.get("type") != "text" or not isinstance(words, str) or not words.strip():
        return None
    contact = None if sender is None else str(sender)
    return Message(Channel.WEIBO, reference_of(body), Sender(contact=contact), words.strip())
