"""Policy packs over REST."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, StringConstraints

from shared.answers import BeijingTime, Input
from shared.policy.errors import PolicyFileError
from shared.policy.load import dump_pack
from shared.policy.model import Pack
from shared.problems import FieldError, Malformed

FileName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
FileText = Annotated[str, Field(min_length=1, max_length=500_000)]


class PublishFile(Input):
    """要发布的文件：名称与全文（TOML）。"""

    file: FileName = Field(description="文件名，用于指出错误", examples=["ziyang-2027.toml"])
    text: FileText = Field(description="文件全文（TOML）")


class PolicyShown(BaseModel):
    """政策包的一个版本。"""

    code: str = Field(description="行政区划代码", examples=["512000"])
    name: str
    version: str
    effective_from: date = Field(description="施行日期")
    hash: str = Field(description="内容指纹；工单受理后一直适用当时的版本")
    document: str
    parent: str | None = Field(description="所继承的上级")
    published_at: BeijingTime | None = Field(description="发布时间；内置且尚未发布的为空")

    @classmethod
    def of(cls, pack: Pack, published: Mapping[str, datetime]) -> Self:
        """A version of a pack, for a list."""
        return cls(
            code=pack.code,
            name=pack.name,
            version=pack.version,
            effective_from=pack.effective_from.value,
            hash=pack.content_hash,
            document=pack.document,
            parent=pack.parent,
            published_at=published.get(pack.content_hash),
        )


class FileFieldError(FieldError):
    """One thing that is wrong with a file that was sent."""

    file: str


def show_pack(pack: Pack) -> dict[str, Any]:
    """A pack with all that it inherited, each value with its source, and its hash."""
    return {"hash": pack.content_hash, **dump_pack(pack)}


def wrong_file(error: PolicyFileError) -> Malformed:
    """The problem that names file, field and reason of all that is wrong."""
    return Malformed(
        "文件有误，未发布任何内容。",
        errors=[
            FileFieldError(
                file=one.file, field=one.field or "text", code="bad_file", message=one[2]
            )
            for one in error.problems
        ],
    )
