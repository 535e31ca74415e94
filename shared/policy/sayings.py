"""The values of a pack in plain Chinese. Pure."""

from functools import singledispatch

from shared.events.chinese import CHINESE
from shared.policy import parts, registry, supervision, values
from shared.policy.values import Sourced

LENGTHS = {
    "minutes": "分钟",
    "hours": "小时",
    "working_days": "个工作日",
    "calendar_days": "个自然日",
    "months": "个月",
}
SEATS = {"merged": "并入", "kept": "保留", "may_be_kept": "可暂时保留", "none_here": "本地不设"}
EXPERT_SEATS = {"yes": "设", "may": "可设", "no": "—"}
LEVELS = {"province": "省级", "province_and_city": "省市", "city": "市级"}
ACTS = {"dispatch": "自派单（接到工单）起", "sign": "自签收起"}


@singledispatch
def say(value: Sourced) -> str:
    """A value in plain Chinese."""
    raise NotImplementedError(type(value).__name__)


@say.register
def _(value: values.Span) -> str:
    kind = "工作小时" if value.hours == "working" else LENGTHS["hours"]
    if value.unit == "hours":
        return f"{value.amount} {'个' if value.hours == 'working' else ''}{kind}"
    end = {"close": "，至下班时", "midnight": "，至当日 24:00", None: ""}[value.day_ends]
    return f"{value.amount} {LENGTHS[value.unit]}{end}"


@say.register
def _(value: values.SameDay) -> str:
    before, otherwise = _clock(value.before), _clock(value.otherwise)
    return f"每日 {before} 前的，当日（24:00 前）；其他时间的，次日 {otherwise} 前"


@say.register
def _(value: values.SameWorkingDay) -> str:
    return f"工作时间内的，当日（24:00 前）；非工作时间的，工作日 {_clock(value.otherwise)} 前"


@say.register
def _(value: values.AtOnceIfStaffed) -> str:
    otherwise = _clock(value.otherwise)
    return f"人工服务时间内即时（{say(value.within)}内）；其他时间的，次日 {otherwise} 前"


@say.register
def _(value: values.Count) -> str:
    return f"到期前 {value.value} 个工作日" if value.value else "到期前"


@say.register
def _(value: values.Flag) -> str:
    return "是" if value.value else "否"


@say.register
def _(value: values.Share) -> str:
    return f"期限经过 {value.value:.0%} 时"


@say.register
def _(value: values.HoursCounted) -> str:
    return {"clock": "自然小时，昼夜连续计算", "working": "工作小时"}[value.value]


@say.register
def _(value: values.DaysEnd) -> str:
    return {"close": "最后一个工作日的下班时", "midnight": "最后一日的 24:00"}[value.value]


@say.register
def _(value: values.Starts) -> str:
    return ACTS[value.value]


@say.register
def _(value: values.Statement) -> str:
    return value.text


@say.register
def _(value: parts.ScopeGround) -> str:
    return f"{value.text}。告知诉求人：{value.channel}"


@say.register
def _(value: parts.ReturnReason) -> str:
    return value.text


@say.register
def _(value: parts.WorkingHours) -> str:
    seasons = [
        f"{first[0]:02d}-{first[1]:02d} 至 {last[0]:02d}-{last[1]:02d}：{_spans(spans)}"
        for first, last, spans in ((one.first, one.last, one.spans) for one in value.seasons)
    ]
    return "；".join([_spans(value.spans), *seasons])


@say.register
def _(value: parts.Staffed) -> str:
    return f"每日 {_clock(value.opens)}–{_clock(value.closes)}"


@say.register
def _(value: parts.ExtensionTimes) -> str:
    if value.value == 0:
        return "不予延期" if value.firm else "原则上不予延期"
    return f"以 {value.value} 次为限" if value.firm else f"一般不超过 {value.value} 次"


@say.register
def _(value: parts.ExtensionDays) -> str:
    if value.value == 0:
        return "无"
    limit = "最长不超过" if value.counts == "in_all" else "每次"
    general = "" if value.firm else "，一般不超过"
    whole = "（含办理时限在内）" if value.counts == "in_all" else ""
    return f"{limit} {value.value} 个工作日{whole}{general}"


@say.register
def _(value: values.Office) -> str:
    return f"{value.text}（{CHINESE[value.value]}）"


@say.register
def _(value: values.Rating) -> str:
    return CHINESE[value.value]


@say.register
def _(value: parts.Level) -> str:
    return value.unit


@say.register
def _(value: parts.Pause) -> str:
    return f"{value.text}（{'、'.join(CHINESE[step] for step in value.steps)}）"


@say.register
def _(value: values.Wording) -> str:
    return value.text


@say.register
def _(value: values.Number) -> str:
    return str(value.value)


@say.register
def _(value: values.Places) -> str:
    return "、".join(value.value)


@say.register
def _(value: values.Weight) -> str:
    return f"{value.value:.0%}"


@say.register
def _(value: values.Marks) -> str:
    return f"{value.value} 分"


@say.register
def _(value: values.Day) -> str:
    return f"{value.value:%Y-%m-%d}"


@say.register
def _(value: registry.Annex) -> str:
    return "。".join(filter(None, (value.name, value.note)))


@say.register
def _(value: supervision.Signer) -> str:
    return f"由{CHINESE[value.value]}签发后生效"


@say.register
def _(value: supervision.NumberForm) -> str:
    return f"例如 {value.fill(2026, 1)}"


@say.register
def _(value: supervision.Times) -> str:
    return f"{value.value} 次"


@say.register
def _(value: supervision.Window) -> str:
    return f"{value.days} 日内累计"


def say_when(when: parts.When) -> str:
    parts = []
    if when.enforcement is not None:
        parts.append("行政执法案件" if when.enforcement else "非行政执法案件")
    groups = (when.types, when.urgency)
    parts += ["、".join(CHINESE[one] for one in group) for group in groups if group]
    return "，".join(parts) or "其他诉求"


def _spans(spans: tuple[tuple[int, int], ...]) -> str:
    return "、".join(f"{_clock(start)}–{_clock(end)}" for start, end in spans)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
