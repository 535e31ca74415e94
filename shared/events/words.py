"""The words that events, tables and URLs share. `docs/glossary.md` is the authority."""

from enum import StrEnum

from shared.events.names import Names


class Service(StrEnum):
    """The six services."""

    INTAKE = "intake"
    DISPATCH = "dispatch"
    SLA = "sla"
    KNOWLEDGE = "knowledge"
    ANALYTICS = "analytics"
    GATEWAY = "gateway"


class RequestType(StrEnum):
    """What a caller wants (GS 二(三)2, ZY 9)."""

    INQUIRY = "inquiry"
    HELP = "help"
    SUGGESTION = "suggestion"
    COMPLAINT = "complaint"
    REPORT = "report"


class Urgency(StrEnum):
    """How fast the matter must be met (ZY 13.4)."""

    NORMAL = "normal"
    SPECIAL = "special"
    CRITICAL = "critical"


class Channel(StrEnum):
    """Where a request came from (JL 五(三), YN 六(一)3, ZY 3)."""

    PHONE = "phone"
    VOICEMAIL = "voicemail"
    WEB = "web"
    APP = "app"
    MINI_PROGRAM = "mini_program"
    SMS = "sms"
    EMAIL = "email"
    WECHAT = "wechat"
    WEIBO = "weibo"
    LETTER = "letter"
    FAX = "fax"
    MAYOR_MAILBOX = "mayor_mailbox"
    PARTNER = "partner"
    SYSTEM = "system"


class State(StrEnum):
    """Where a ticket stands. Dispatch alone moves an accepted ticket."""

    VERIFYING = "verifying"
    REFUSED = "refused"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    SIGNED = "signed"
    RETURN_REQUESTED = "return_requested"
    INTERIM_CLOSED = "interim_closed"
    REPLIED = "replied"
    CLOSED = "closed"


class Act(StrEnum):
    """What can be done to a ticket."""

    DISPATCH = "dispatch"
    SIGN = "sign"
    RETURN = "return"
    DECIDE_RETURN = "decide-return"
    RESPOND = "respond"
    PROGRESS = "progress"
    INTERIM_CLOSE = "interim-close"
    REPLY = "reply"
    REDO = "redo"
    FOLLOW_UP = "follow-up"
    RATE = "rate"
    CLOSE = "close"
    VERIFY = "verify"
    AMEND = "amend"
    EXTEND = "extend"
    DECIDE_EXTENSION = "decide-extension"
    EXPLAIN_EXTENSION = "explain-extension"
    SET_LIMIT = "set-limit"
    DECIDE_LIMIT = "decide-limit"
    PAUSE = "pause"
    RESUME = "resume"


class ReturnGround(StrEnum):
    """The two grounds on which a unit may return a ticket (ZY 13.2)."""

    OUT_OF_SCOPE = "out_of_scope"
    NOT_OUR_DUTY = "not_our_duty"


class ReturnDecision(StrEnum):
    """What the hotline decides of a return (B5)."""

    GRANTED = "granted"
    REJECTED = "rejected"


class Satisfaction(StrEnum):
    """The five levels of 好差评 (JL 六(四), XS 六(四))."""

    VERY_SATISFIED = "very_satisfied"
    SATISFIED = "satisfied"
    BASICALLY_SATISFIED = "basically_satisfied"
    DISSATISFIED = "dissatisfied"
    VERY_DISSATISFIED = "very_dissatisfied"


class Step(StrEnum):
    """A step of a ticket that has a deadline."""

    DISPATCH = "dispatch"
    SIGN = "sign"
    RETURN = "return"
    HANDLE = "handle"
    RESPOND = "respond"
    RESULT = "result"
    PROGRESS = "progress"
    VERIFY = "verify"


class Verdict(StrEnum):
    """What the owner of an act answers when the clock asks."""

    MET = "met"
    MISSED = "missed"


class CloseReason(StrEnum):
    """Why a ticket closed (ZY 14.1)."""

    SATISFIED = "satisfied"
    CONFORMS = "conforms"
    LAPSED = "lapsed"


class OrderKind(StrEnum):
    """The rungs of the supervision ladder, lowest first (GS 二(三)5, ZY 24-27, XS 六(四))."""

    REMINDER = "reminder"
    ORDER = "order"
    COORDINATION = "coordination"
    INTERVIEW = "interview"
    GOVERNMENT = "government"
    ACCOUNTABILITY = "accountability"


class DutyHours(StrEnum):
    """When a unit takes tickets, reminders and emergencies (ZY 13.4, 35)."""

    WORKING = "working"
    ALWAYS = "always"


class HotlineMode(StrEnum):
    """How a hotline was merged into 12345 (GS 二(二), XS 二)."""

    MERGED = "merged"
    PARALLEL = "parallel"
    SUBCENTER = "subcenter"


class Role(StrEnum):
    """Who may enter. Each sees only its own."""

    OPERATOR = "operator"
    UNIT = "unit"
    FOLLOW_UP = "follow_up"
    SUPERVISOR = "supervisor"
    COORDINATION = "coordination"
    LEADER = "leader"
    DISCIPLINE = "discipline"
    EDITOR = "editor"
    ANALYST = "analyst"
    ADMINISTRATOR = "administrator"


CHINESE = Names(
    (
        (RequestType.INQUIRY, "咨询"),
        (RequestType.HELP, "求助"),
        (RequestType.SUGGESTION, "意见建议"),
        (RequestType.COMPLAINT, "投诉"),
        (RequestType.REPORT, "举报"),
        (Urgency.NORMAL, "一般"),
        (Urgency.SPECIAL, "特殊"),
        (Urgency.CRITICAL, "特殊紧急"),
        (Channel.PHONE, "电话"),
        (Channel.VOICEMAIL, "语音留言"),
        (Channel.WEB, "网站"),
        (Channel.APP, "手机应用"),
        (Channel.MINI_PROGRAM, "小程序"),
        (Channel.SMS, "短信"),
        (Channel.EMAIL, "电子邮件"),
        (Channel.WECHAT, "微信"),
        (Channel.WEIBO, "微博"),
        (Channel.LETTER, "来信"),
        (Channel.FAX, "传真"),
        (Channel.MAYOR_MAILBOX, "市长信箱"),
        (Channel.PARTNER, "合作网站"),
        (Channel.SYSTEM, "其他系统"),
        (State.VERIFYING, "核实中"),
        (State.REFUSED, "不予受理"),
        (State.ANSWERED, "接诉即答"),
        (State.ACCEPTED, "已受理"),
        (State.DISPATCHED, "已派单"),
        (State.SIGNED, "已签收"),
        (State.RETURN_REQUESTED, "申请退单"),
        (State.INTERIM_CLOSED, "临时办结"),
        (State.REPLIED, "已答复"),
        (State.CLOSED, "已办结"),
        (Act.DISPATCH, "派单"),
        (Act.SIGN, "签收"),
        (Act.RETURN, "退单"),
        (Act.DECIDE_RETURN, "退单审核"),
        (Act.RESPOND, "初步响应"),
        (Act.PROGRESS, "报送进展"),
        (Act.INTERIM_CLOSE, "临时办结"),
        (Act.REPLY, "答复"),
        (Act.REDO, "重新办理"),
        (Act.FOLLOW_UP, "回访"),
        (Act.RATE, "评价"),
        (Act.CLOSE, "办结"),
        (Act.VERIFY, "核实受理范围"),
        (Act.AMEND, "补充更正"),
        (Act.EXTEND, "申请延期"),
        (Act.DECIDE_EXTENSION, "延期审核"),
        (Act.EXPLAIN_EXTENSION, "向诉求人说明延期"),
        (Act.SET_LIMIT, "申报法定时限"),
        (Act.DECIDE_LIMIT, "法定时限确认"),
        (Act.PAUSE, "中止计时"),
        (Act.RESUME, "恢复计时"),
        (ReturnGround.OUT_OF_SCOPE, "不在受理范围"),
        (ReturnGround.NOT_OUR_DUTY, "不属于本单位职责"),
        (ReturnDecision.GRANTED, "同意退单"),
        (ReturnDecision.REJECTED, "不同意退单"),
        (Satisfaction.VERY_SATISFIED, "非常满意"),
        (Satisfaction.SATISFIED, "满意"),
        (Satisfaction.BASICALLY_SATISFIED, "基本满意"),
        (Satisfaction.DISSATISFIED, "不满意"),
        (Satisfaction.VERY_DISSATISFIED, "非常不满意"),
        (Step.DISPATCH, "派单"),
        (Step.SIGN, "签收"),
        (Step.RETURN, "退单"),
        (Step.HANDLE, "办理"),
        (Step.RESPOND, "初步响应"),
        (Step.RESULT, "反馈处理情况"),
        (Step.PROGRESS, "报送进展"),
        (Step.VERIFY, "核实受理范围"),
        (Verdict.MET, "按时"),
        (Verdict.MISSED, "超期"),
        (CloseReason.SATISFIED, "诉求人满意"),
        (CloseReason.CONFORMS, "答复符合法律法规和政策"),
        (CloseReason.LAPSED, "未作评价视为基本满意"),
        (OrderKind.REMINDER, "催办提醒"),
        (OrderKind.ORDER, "督办单"),
        (OrderKind.COORDINATION, "专题协调"),
        (OrderKind.INTERVIEW, "约谈"),
        (OrderKind.GOVERNMENT, "报请政府督办"),
        (OrderKind.ACCOUNTABILITY, "问责通报"),
        (DutyHours.WORKING, "工作时间"),
        (DutyHours.ALWAYS, "全天候"),
        (HotlineMode.MERGED, "整体并入"),
        (HotlineMode.PARALLEL, "双号并行"),
        (HotlineMode.SUBCENTER, "设分中心"),
        (Role.OPERATOR, "话务座席"),
        (Role.UNIT, "承办单位"),
        (Role.FOLLOW_UP, "回访座席"),
        (Role.SUPERVISOR, "热线办督办"),
        (Role.COORDINATION, "会商协调小组"),
        (Role.LEADER, "政府领导"),
        (Role.DISCIPLINE, "主管部门或纪检监察机关"),
        (Role.EDITOR, "知识库维护"),
        (Role.ANALYST, "数据分析"),
        (Role.ADMINISTRATOR, "系统管理"),
    )
)
