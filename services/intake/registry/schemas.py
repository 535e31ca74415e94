"""What the scope of acceptance and the merge registry answer over HTTP."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field

from services.intake.schemas import Code, Words
from shared.answers import Input
from shared.events.chinese import CHINESE
from shared.events.words import HotlineMode
from shared.policy.hotlines import CHINESE_KINDS, Choice, Route, RouteKind
from shared.policy.model import Pack
from shared.policy.parts import ScopeGround
from shared.policy.registry import Annex, Hotline

NO_ANNEX = "该地没有归并清单：所依据的文件未附，或尚未公布。"
NO_LAW = "default"


class InForce(BaseModel):
    """一地现行的政策."""

    jurisdiction: str
    policy: str = Field(description="政策所属行政区划代码；本地没有的，用上级的")
    name: str
    version: str
    document: str

    @classmethod
    def of(cls, jurisdiction: str, pack: Pack, **more: Any) -> Self:  # noqa: ANN401
        """The head of an answer, with what a subclass has more."""
        return cls(
            jurisdiction=jurisdiction,
            policy=pack.code,
            name=pack.name,
            version=pack.version,
            document=pack.document,
            **more,
        )


class Ground(BaseModel):
    """一种不予受理的情形."""

    code: str
    text: str
    channel: str = Field(description="诉求人应当前往的渠道")
    words: str = Field(description="对诉求人的解释引导")
    source: str = Field(description="依据条款；default 表示默认值")

    @classmethod
    def of(cls, ground: ScopeGround) -> Self:
        """A ground as a pack has it."""
        return cls(
            code=ground.code,
            text=ground.text,
            channel=ground.channel,
            words=ground.words(),
            source=ground.source,
        )


class Accepted(BaseModel):
    """一类受理的诉求."""

    code: str
    text: str
    source: str


class Scope(InForce):
    """受理范围和不予受理的各种情形."""

    accepts: list[Accepted]
    items: list[Ground]


class HotlineQuery(Input):
    """归并热线的查询条件."""

    jurisdiction: Annotated[Code, Field(description="行政区划代码")]
    mode: Annotated[HotlineMode | None, Field(description="归并方式")] = None
    level: Annotated[
        Literal["province", "province_and_city", "city"] | None, Field(description="层级")
    ] = None
    unit: Annotated[Words | None, Field(max_length=200, description="主管单位，含此字样")] = None

    def wants(self, hotline: Hotline) -> bool:
        """Whether a line is asked for."""
        return (
            self.mode in (None, hotline.mode)
            and self.level in (None, hotline.level)
            and (self.unit is None or self.unit in hotline.unit)
        )


class HotlineItem(BaseModel):
    """归并清单中的一条热线."""

    number: str
    name: str
    unit: str
    level: str
    level_source: str | None
    mode: HotlineMode
    mode_name: str
    seats: str
    expert_seat: str
    note: str | None
    use: str | None
    approval: str | None
    served_by: str | None
    source: str

    @classmethod
    def of(cls, hotline: Hotline) -> Self:
        """A line as the pack has it."""
        values = {name: getattr(hotline, name) for name in cls.model_fields if name != "mode_name"}
        return cls(**values, mode_name=CHINESE[hotline.mode])


class MenuChoice(BaseModel):
    """语音导航的一个选项."""

    key: str = Field(description="按键")
    jurisdiction: str = Field(description="所选层级的行政区划代码，受理时用它")
    level: str
    name: str = Field(description="该地名称；未登记的为代码")
    words: str = Field(description="提示语")
    source: str


class RouteOut(BaseModel):
    """拨打一个号码的去向."""

    number: str
    kind: RouteKind
    kind_name: str
    words: str
    source: str
    prompt: str | None = Field(description="过渡期内播放的提示语")
    hotline: HotlineItem | None
    menu: list[MenuChoice] = Field(
        description="省市共用 12345 号码的语音导航；不共用的为空 (JL 五(一))"
    )

    @classmethod
    def of(cls, found: Route, menu: Sequence[Choice], names: Mapping[str, str]) -> Self:
        """A route as people read it, with the menu of a shared number."""
        return cls(
            number=found.number,
            kind=found.kind,
            kind_name=CHINESE_KINDS[found.kind],
            words=found.words,
            source=found.source,
            prompt=found.prompt,
            hotline=None if found.hotline is None else HotlineItem.of(found.hotline),
            menu=[
                MenuChoice(**one._asdict(), name=names.get(one.jurisdiction, one.jurisdiction))
                for one in menu
            ],
        )


class AnnexOut(BaseModel):
    """清单的出处；`listed` 为否的，文件中没有附清单."""

    name: str | None
    listed: bool
    note: str | None
    prompt_until: date | None
    source: str

    @classmethod
    def of(cls, annex: Annex | None) -> Self:
        """Where the list comes from, or that there is none."""
        if annex is None:
            return cls(name=None, listed=False, note=NO_ANNEX, prompt_until=None, source=NO_LAW)
        return cls(
            name=annex.name,
            listed=annex.listed,
            note=annex.note,
            prompt_until=annex.prompt_until and annex.prompt_until.value,
            source=annex.source,
        )


class Hotlines(InForce):
    """归并清单."""

    annex: AnnexOut
    items: list[HotlineItem]
