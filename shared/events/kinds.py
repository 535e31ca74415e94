"""More words: kinds of links, cases, seats, files, and why people are not satisfied."""

from enum import StrEnum


class Link(StrEnum):
    """How a linked ticket belongs to another: the caller's own again, or many callers' (A7, A8)."""

    REPEAT = "repeat"
    MEMBER = "member"


class CaseKind(StrEnum):
    """Why the coordination group is asked (ZY 13.5(1) to (4))."""

    UNDETERMINED = "undetermined"
    NO_LEAD = "no_lead"
    MAJOR = "major"
    RISK = "risk"


class EmergencyLine(StrEnum):
    """The lines that emergencies belong to (ZY 34)."""

    POLICE = "110"
    FIRE = "119"
    MEDICAL = "120"
    TRAFFIC = "122"


class HandOver(StrEnum):
    """How a matter is handed to another line (ZY 34)."""

    TRANSFER = "transfer"
    THREE_WAY = "three_way"
    TICKET = "ticket"


class FollowUpWay(StrEnum):
    """How a caller is asked about a reply (ZY 14)."""

    PHONE = "phone"
    VISIT = "visit"
    ON_SITE = "on_site"
    MESSAGE = "message"
    AUTOMATED = "automated"


class Cause(StrEnum):
    """Why a caller is not satisfied (ZY 14.2): the first four are the unit's doing."""

    UNSOLVED = "unsolved"
    DOUBTFUL = "doubtful"
    UNTRUE = "untrue"
    INCOMPLETE = "incomplete"
    BEYOND_LAW = "beyond_law"
    POLICY_LIMITS = "policy_limits"
    EXPECTATION = "expectation"


class Abuse(StrEnum):
    """What may be handed to the judicial authority (ZY 29)."""

    GROUNDLESS_CALLS = "groundless_calls"
    LONG_OCCUPATION = "long_occupation"
    FABRICATION = "fabrication"
    SLANDER = "slander"
    HARASSMENT = "harassment"
    THREATS = "threats"


class Seat(StrEnum):
    """The kinds of seats (XS 四(一), GS 二(四)3)."""

    CALL = "call"
    ONLINE = "online"
    SUPERVISION = "supervision"
    FOLLOW_UP = "follow_up"
    QUALITY = "quality"
    KNOWLEDGE = "knowledge"
    EXPERT = "expert"


class Domain(StrEnum):
    """The five domains of acceptance (GS 二(三)2, ZY 9)."""

    ECONOMY = "economy"
    MARKET = "market"
    SOCIETY = "society"
    SERVICE = "service"
    ECOLOGY = "ecology"


class AttachmentKind(StrEnum):
    """What a file is: a caller's or a unit's evidence, a scan, a signed and sealed letter."""

    EVIDENCE = "evidence"
    SCAN = "scan"
    LETTER = "letter"
    RECORDING = "recording"
