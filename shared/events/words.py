"""The words that events, tables and URLs share. `docs/glossary.md` is the authority."""

from enum import StrEnum


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
    CHECKING = "checking"
    COORDINATING = "coordinating"
    LINKED = "linked"
    REPLIED = "replied"
    CLOSED = "closed"
    TERMINATED = "terminated"
    WITHDRAWN = "withdrawn"
    HANDED_OVER = "handed_over"


class Act(StrEnum):
    """What can be done to a ticket."""

    DISPATCH = "dispatch"
    SIGN = "sign"
    RETURN = "return"
    DECIDE_RETURN = "decide-return"
    REFUSE = "refuse"
    ANSWER = "answer"
    HAND_OVER = "hand-over"
    RESPOND = "respond"
    PROGRESS = "progress"
    INTERIM_CLOSE = "interim-close"
    REPLY = "reply"
    CHECK_REPLY = "check-reply"
    REDO = "redo"
    LINK = "link"
    SPLIT = "split"
    MOVE = "move"
    COORDINATE = "coordinate"
    DECIDE_CASE = "decide-case"
    DROP_CASE = "drop-case"
    CHOOSE_CO_UNITS = "co-units"
    CO_SIGN = "co-sign"
    CO_REPLY = "co-reply"
    TERMINATE = "terminate"
    WITHDRAW = "withdraw"
    SEND_BACK = "send-back"
    SCREEN = "screen"
    DECIDE_SCREENING = "decide-screening"
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
    COORDINATION = "coordination"


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
    FOLLOW_UP = "follow-up"


class Verdict(StrEnum):
    """What the owner of an act answers when the clock asks."""

    MET = "met"
    MISSED = "missed"


class CloseReason(StrEnum):
    """Why a ticket closed (ZY 14.1)."""

    SATISFIED = "satisfied"
    CONFORMS = "conforms"
    LAPSED = "lapsed"
    SCREENED = "screened"
    REPEATED = "repeated"
    WITH_MAIN = "with_main"
    AT_HOME = "at_home"


class OrderKind(StrEnum):
    """The rungs of the supervision ladder, lowest first (GS 二(三)5, ZY 24-27, XS 六(四))."""

    REMINDER = "reminder"
    ORDER = "order"
    COORDINATION = "coordination"
    INTERVIEW = "interview"
    GOVERNMENT = "government"
    ACCOUNTABILITY = "accountability"


class Secrecy(StrEnum):
    """How widely a ticket may be read inside the platform (F9)."""

    NORMAL = "normal"
    INTERNAL = "internal"
    SENSITIVE = "sensitive"


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
    ONLINE = "online"
    QUALITY = "quality"
    EXPERT = "expert"
    UNIT_LEADER = "unit_leader"
    SECURITY = "security"
    AUDITOR = "auditor"
    PLATFORM = "platform"
    SUBCENTER = "subcenter"
