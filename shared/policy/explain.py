"""What a pack means, in plain Chinese, each value with its article. Pure.

The command line, the pages of docs and the JSON of `hotline policy explain` show these lines.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import BaseModel

from shared.events.chinese import CHINESE
from shared.events.words import RequestType, Urgency
from shared.policy import parts, supervision, values
from shared.policy.model import Pack
from shared.policy.sayings import say, say_when
from shared.policy.values import Sourced

DEFAULT = "default"
TITLES: Mapping[str, str] = {
    "effective_from": "施行日期",
    "working_hours": "工作时间",
    "hierarchy": "层级和管理机构",
    "staffed": "人工服务时间",
    "counting": "计时方法",
    "accepts": "受理范围",
    "scope": "不予受理的情形",
    "verify": "受理范围核实时限",
    "dispatch": "派单时限",
    "forward": "省平台转办时限",
    "sign": "签收时限",
    "returning": "退单",
    "respond": "初步响应时限",
    "result": "反馈处理情况时限",
    "handle": "办理时限",
    "extension": "延期",
    "law_limits": "法定时限",
    "pauses": "中止计时的情形",
    "interim": "临时办结",
    "reply": "答复",
    "follow_up": "回访评价",
    "calls": "接通率",
    "quality": "质检",
    "warning": "临期提醒",
    "supervision": "督办",
    "assessment": "考核指标",
    "registry": "热线归并的规定",
    "annex": "热线归并清单",
}
"""The parts of a pack, in the order in which they are told."""
NAMES: Mapping[str, str] = {
    **{str(one): CHINESE[one] for one in (*RequestType, Urgency.SPECIAL, Urgency.CRITICAL)},
    "hours": "小时",
    "day_ends": "一日的终点",
    "starts": "起算",
    "ground": "事由",
    "ask_before": "提出时间",
    "told_to_caller": "向诉求人说明",
    "times": "次数",
    "days": "时长",
    "progress": "进展报送",
    "none_where_law_sets_limit": "有法定时限的免报",
    "required": "应当写明",
    "late_counts_overdue": "超期退单视为超期办理",
    "precedent_forbids": "同类事项有先例的不得退回",
    "asked_by": "申请",
    "decided_by": "审批",
    "reviewed": "经承办单位审核把关",
    "lapse": "未评价的自动办结",
    "counts_as": "未评价的视为",
    "ways": "回访方式",
    "target": "不低于",
    "quick_hangup_seconds": "早挂不计的秒数",
    "share": "随机抽检比例",
    "training_below": "低于此分列入培训",
    "weight": "权重",
    "full_marks": "满分",
    "formula": "算法",
    "window": "期限",
    "grounds": "情形",
    "within": "即时",
    "duty": "职责",
    "platforms": "平台个数",
    "shares_number_with": "共用号码（语音导航区分层级）",
    "prompt_until": "号码语音提示至",
    "no_new": "不得新设号码、变更名称和用途",
    "no_return": "取消的号码不再恢复",
    "kept_needs_approval": "保留座席须有批准文件",
    "name": "名称",
    "signed_by": "签发",
    "answer_within": "答复期限",
    "number": "编号",
    "says": "情形",
    "count": "次数",
}


class Line(NamedTuple):
    """One value of a pack: what it is about, what it says, where that stands."""

    name: str
    text: str
    source: str
    inherited_from: str | None = None


class Section(NamedTuple):
    """The lines of one part of a pack."""

    title: str
    lines: tuple[Line, ...]


def explain(pack: Pack) -> tuple[Section, ...]:
    """The parts of a pack; a part that says nothing is left out."""
    sections = []
    for field, title in TITLES.items():
        lines = tuple(_lines(getattr(pack, field), ()))
        if lines:
            sections.append(Section(title, lines))
    return tuple(sections)


def defaults(pack: Pack) -> tuple[tuple[str, Line], ...]:
    """The lines whose numbers are ours and not the document's, each with its part."""
    return tuple(
        (section.title, line)
        for section in explain(pack)
        for line in section.lines
        if line.source == DEFAULT
    )


def differences(old: Pack, new: Pack) -> tuple[tuple[str, Line | None, Line | None], ...]:
    """What differs between two packs: its name, the old line and the new one."""
    before, after = _by_name(old), _by_name(new)
    names = [*before, *(name for name in after if name not in before)]
    return tuple(
        (name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def _by_name(pack: Pack) -> Mapping[str, Line]:
    found: dict[str, Line] = {}
    for section in explain(pack):
        for line in section.lines:
            name = place = f"{section.title}：{line.name}" if line.name else section.title
            count = 1
            while place in found:
                count += 1
                place = f"{name}（{count}）"
            found[place] = line
    return found


def _lines(value: object, path: tuple[str, ...]) -> Iterator[Line]:
    if isinstance(value, Sourced):
        name = " ".join((*path, *_name(value)))
        yield Line(name, say(value), value.source, value.inherited_from)
        for field in type(value).model_fields:
            part = getattr(value, field)
            if isinstance(part, Sourced):
                yield from _lines(part, (*filter(None, [name]), NAMES.get(field, field)))
    elif isinstance(value, tuple):
        for item in value:
            yield from _lines(item, path)
    elif isinstance(value, parts.DispatchRule):
        yield from _lines(value.limit, (*path, say_when(value.when)))
    elif isinstance(value, BaseModel):
        place = _place(value, path)
        for field in type(value).model_fields:
            yield from _lines(getattr(value, field), (*place, NAMES.get(field, field)))


def _place(value: BaseModel, path: tuple[str, ...]) -> tuple[str, ...]:
    """Where the parts of a value stand: a rung and a ground of the ladder name themselves."""
    if isinstance(value, supervision.Rung):
        return (CHINESE[value.kind],)
    if isinstance(value, supervision.Ground):
        return (f"{CHINESE[value.kind]}的情形 {value.code}",)
    return path


def _name(value: Sourced) -> tuple[str, ...]:
    """What a value calls itself, where it is one of many."""
    if isinstance(value, parts.Level):
        return (value.name,)
    return (value.code,) if isinstance(value, values.Statement | parts.ReturnReason) else ()
