"""What a file is: read from its content, then held against what was claimed of it."""

import re
from collections.abc import Collection
from urllib.parse import unquote

from shared.events.kinds import AttachmentKind
from shared.events.words import Channel

OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX = OFFICE + "wordprocessingml.document", OFFICE + "spreadsheetml.sheet"
TEXT = "text/plain"
TYPES: dict[str, tuple[str, ...]] = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    DOCX: (".docx",),
    XLSX: (".xlsx",),
    "audio/mpeg": (".mp3",),
    "audio/wav": (".wav",),
    "audio/amr": (".amr",),
    "audio/mp4": (".m4a",),
    "video/mp4": (".mp4",),
    TEXT: (".txt",),
}
"""The media types that are known, each with the endings of its names."""
ALIASES = {
    "image/jpg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-amr": "audio/amr",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
}
UNDECLARED = ("", "application/octet-stream", "application/x-www-form-urlencoded")
"""What clients write that do not say what they send."""
SAME_CONTAINER = {"audio/mp4", "video/mp4"}
"""Recorders give both the same brand: what was declared counts."""
ZIP = b"PK\x03\x04"
HEAD_BYTES = 64
FILENAME_LENGTH_MAX = 200
MAIN_PARTS = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX}
MACROS = "vbaproject.bin"
ENDING = re.compile(r"\.[a-z][a-z0-9]{1,4}$")
CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
RECORDED = (Channel.VOICEMAIL, Channel.PHONE)
SCANNED = (Channel.LETTER, Channel.FAX)


def type_of(head: bytes) -> str | None:
    """The media type that the first bytes show; none where they show none, as text and zip do."""
    fixed = {
        b"%PDF-": "application/pdf",
        b"\x89PNG\r\n\x1a\n": "image/png",
        b"\xff\xd8\xff": "image/jpeg",
        b"GIF87a": "image/gif",
        b"GIF89a": "image/gif",
        b"#!AMR": "audio/amr",
        b"ID3": "audio/mpeg",
    }
    for magic, media_type in fixed.items():
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _type_of_brand(head[8:12])
    return "audio/mpeg" if _is_mpeg_frame(head) else None


def type_of_parts(names: Collection[str]) -> str | None:
    """The media type of a zip file with these members; none where it carries macros."""
    if "[Content_Types].xml" not in names or any(n.lower().endswith(MACROS) for n in names):
        return None
    return next((kind for part, kind in MAIN_PARTS.items() if part in names), None)


def agreed_type(found: str, declared: str, filename: str | None) -> str | None:
    """The media type of content that is `found`; none where what was claimed is something else."""
    said = declared.partition(";")[0].strip().lower()
    said = ALIASES.get(said, said)
    ending = ENDING.search((filename or "").lower())
    if found in SAME_CONTAINER and (said in SAME_CONTAINER or said in UNDECLARED):
        by_name = {".m4a": "audio/mp4", ".mp4": "video/mp4"}.get(ending.group() if ending else "")
        found = said if said in SAME_CONTAINER else by_name or found
        if by_name is not None:
            return found
    if said not in UNDECLARED and said != found:
        return None
    if ending is not None and ending.group() not in TYPES[found]:
        return None
    return found


def allowed_types(setting: str) -> tuple[str, ...]:
    """The media types that a platform takes."""
    wanted = {one.strip() for one in setting.split(",") if one.strip()}
    return tuple(one for one in TYPES if not wanted or one in wanted)


def clean_filename(raw: str | None) -> str | None:
    """A file's name without its folders and signs that no name has; percent-encoded in headers."""
    if not raw:
        return None
    name = re.split(r"[/\\]", unquote(raw))[-1]
    name = CONTROL.sub("", name).strip().strip(".")
    if len(name) > FILENAME_LENGTH_MAX:
        stem, dot, ending = name.rpartition(".")
        short = FILENAME_LENGTH_MAX - len(dot + ending)
        name = stem[:short] + dot + ending if short > 0 else name[:FILENAME_LENGTH_MAX]
    return name or None


def kind_of(channel: Channel, media_type: str) -> AttachmentKind:
    """What a file is that comes with a request."""
    if channel in RECORDED and media_type.startswith("audio/"):
        return AttachmentKind.RECORDING
    return AttachmentKind.SCAN if channel in SCANNED else AttachmentKind.EVIDENCE


def _type_of_brand(brand: bytes) -> str | None:
    if brand in (b"M4A ", b"M4B "):
        return "audio/mp4"
    known = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ")
    return "video/mp4" if brand in known or brand.startswith(b"3gp") else None


def _is_mpeg_frame(head: bytes) -> bool:
    """The head of an MPEG layer III frame: sync, layer, a bit rate and a sampling rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    return version != 1 and layer == 1 and head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3
