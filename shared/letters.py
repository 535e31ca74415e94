"""Letters that go with papers of the coordination group (ZY 13.5): one rule for two services.

Reply, return and extension are handed in in writing, signed by the unit's head and sealed.
"""

from typing import NamedTuple
from uuid import UUID

from pydantic import Field

from shared.answers import Input
from shared.events.kinds import AttachmentKind
from shared.problems import field_error

NAME_LENGTH_MAX = 100


class Letter(Input):
    """单位负责人签字并加盖公章的函件。"""

    attachment: UUID = Field(description="函件扫描件的附件编号，先以 kind=letter 上传")
    signed_by: str = Field(
        description="签字的单位负责人",
        min_length=1,
        max_length=NAME_LENGTH_MAX,
        examples=["水务局局长"],
    )
    is_sealed: bool = Field(description="是否加盖公章，应为 true")


class Paper(NamedTuple):
    """A file of the ticket, as it was heard of."""

    kind: str
    unit: str | None


def check_letter(letter: Letter | None, paper: Paper | None, *, unit: str, is_needed: bool) -> None:
    """Raise `Malformed` where a letter is needed and missing, or is not what it must be.

    `paper` is what was heard of the letter's attachment, none where nothing was.
    """
    article = "（ZY 13.5）"
    if letter is None:
        if is_needed:
            raise field_error(
                "letter",
                "letter_missing",
                f"会商工单的答复、退单、延期须附单位负责人签字并加盖公章的函件{article}",
            )
        return
    if not letter.is_sealed:
        raise field_error("letter.is_sealed", "not_sealed", f"函件须加盖公章{article}")
    if paper is None:
        raise field_error("letter.attachment", "unknown_attachment", "本工单没有这个附件，请先上传")
    if paper.kind != AttachmentKind.LETTER:
        raise field_error(
            "letter.attachment", "no_letter", f"该附件不是函件，请以 kind=letter 上传{article}"
        )
    if paper.unit != unit:
        raise field_error("letter.attachment", "others_letter", f"该函件不是本单位上传的{article}")
