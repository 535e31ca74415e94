"""What comes in and goes out over HTTP."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.knowledge.rules import ArticleAct, ArticleState
from shared.answers import BeijingTime, Input
from shared.jurisdictions import CODE_PATTERN
from shared.moments import Moment


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("不得含有空字符")
    return text


Words = Annotated[str, AfterValidator(_storable)]
Code = Annotated[str, Field(pattern=CODE_PATTERN)]
Unit = Annotated[Words, Field(min_length=1, max_length=64)]


class ReviseArticle(Input):
    """修订文章：写出下一版；已发布的版本在新版发布前继续答复。"""

    title: Annotated[Words, Field(min_length=1, max_length=200, description="标题")]
    body: Annotated[Words, Field(min_length=1, max_length=50_000, description="正文")]
    expires_at: Annotated[Moment | None, Field(description="有效期至；过期的文章不再用于答复")] = (
        None
    )


class CreateArticle(ReviseArticle):
    """撰写文章：先成为草稿。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "jurisdiction": "512000",
                    "unit": "512000-rsj",
                    "title": "灵活就业人员如何参加职工养老保险",
                    "body": "持本人身份证到户籍地或就业地社保经办窗口办理，也可在网上申请。",
                    "expires_at": "2027-12-31T17:30:00+08:00",
                }
            ]
        }
    )

    jurisdiction: Annotated[Code, Field(description="适用地区（行政区划代码）")]
    unit: Annotated[Unit, Field(description="提供并负责更新的单位（ZY 16：谁提供谁负责）")]


class PublishArticle(Input):
    """发布最新一版。"""

    version: Annotated[
        int | None, Field(ge=1, description="阅过的版本；另有更新的版本时拒绝发布")
    ] = None


class RetireArticle(Input):
    """停用文章。"""

    reason: Annotated[Words, Field(min_length=1, max_length=500, description="停用原因")]


class ArticleOut(BaseModel):
    """An article whole."""

    id: UUID
    jurisdiction: str
    unit: str
    unit_name: str | None
    title: str
    body: str
    state: ArticleState
    version: Annotated[int, Field(description="用于答复的版本；未发布过为 0")]
    version_latest: Annotated[int, Field(description="最近写出的版本")]
    expires_at: BeijingTime | None
    is_expired: bool
    sequence: int
    answered: Annotated[int, Field(description="接诉即答、直接答复引用的次数")]
    solved: Annotated[int, Field(description="其中解决的次数")]
    allowed: Annotated[list[ArticleAct], Field(description="当前状态允许的操作")]


class HitOut(BaseModel):
    """An article in a list."""

    id: UUID
    jurisdiction: str
    unit: str
    unit_name: str | None
    title: str
    excerpt: str
    state: ArticleState
    version: int
    expires_at: BeijingTime | None
    score: Annotated[float | None, Field(description="与提问的相关程度")]


class VersionOut(BaseModel):
    """One version of an article."""

    version: int
    title: str
    body: str
    expires_at: BeijingTime | None
    written_by: str
    written_at: BeijingTime
    published_by: str | None
    published_at: BeijingTime | None


class Search(Input):
    """What is looked for."""

    q: Annotated[Words | None, Field(max_length=200, description="提问或关键词")] = None
    jurisdiction: Annotated[Code | None, Field(description="适用地区，默认为本人所在地区")] = None
    state: Annotated[
        ArticleState, Field(description="草稿和已停用的只能看到自己负责的；提问只查已发布的")
    ] = ArticleState.PUBLISHED
    after: Annotated[str | None, Field(max_length=200, description="上一页的 next")] = None
    limit: Annotated[int, Field(ge=1, le=200, description="每页条数")] = 20
