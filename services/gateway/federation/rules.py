"""Which platform is told of what, and what becomes of what one tells us. Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from services.gateway.peers.rules import PeerKind
from shared.crossing import CONTENT_MAX, subject_of
from shared.events.callers import TicketAttached
from shared.events.dispatch import (
    CaseDecided,
    TicketClosed,
    TicketDispatched,
    TicketInterimClosed,
    TicketProgressed,
    TicketReopened,
    TicketReplied,
    TicketResponded,
    TicketReturnDecided,
    TicketSigned,
    TicketTerminated,
    TicketWithdrawn,
    UnitChanged,
)
from shared.events.envelope import Event, Payload
from shared.events.intake import (
    CallRecorded,
    TicketAmended,
    TicketErased,
    TicketRated,
)
from shared.events.knowledge import ArticleCorrected, ArticlePublished, ArticleRetired
from shared.events.loop import (
    TicketConcluded,
    TicketCoordinated,
    TicketDeclined,
    TicketLinked,
    TicketRecalled,
)
from shared.events.sla import OrderAnswered, OrderIssued, TicketExtensionDecided
from shared.events.words import ReturnDecision
from shared.exchange import Kind
from shared.jurisdictions import covers, prefix


class Peer(NamedTuple):
    """Another platform, and the units of our directory that stand for it."""

    code: str
    kind: str
    units: frozenset[str] = frozenset()


class Fate(StrEnum):
    """What becomes of a message that another platform sent."""

    MIRROR = "mirror"
    """It reports what is its own: said as `message.received`, and nothing else."""
    DELIVER = "deliver"
    """It is about a ticket of ours: an act for our own services, kept in `deliveries`."""
    BOTH = "both"
    UNKNOWN = "unknown"
    """Neither its kind nor its subject is for us: set aside."""


ARTICLES: tuple[type[Payload], ...] = (ArticlePublished, ArticleRetired, ArticleCorrected)
REPORTED: tuple[type[Payload], ...] = (
    *(CallRecorded, UnitChanged, OrderIssued, OrderAnswered, CaseDecided),
    *ARTICLES,
)
"""What goes up besides the events of tickets."""
ENDS: tuple[type[Payload], ...] = (
    *(TicketWithdrawn, TicketTerminated, TicketClosed, TicketCoordinated, TicketLinked),
    *(TicketDeclined, TicketConcluded, TicketRecalled),
)
"""With these a ticket leaves the unit that stands for another platform."""
ONWARD: tuple[type[Payload], ...] = (
    *(TicketAmended, TicketAttached, TicketReopened, TicketRated, TicketErased),
    *ENDS,
)
"""What the platform that handles a forwarded ticket must know of it."""
BACK: tuple[type[Payload], ...] = (
    *(TicketSigned, TicketResponded, TicketProgressed, TicketInterimClosed, TicketReplied),
    *(TicketExtensionDecided, TicketTerminated, TicketWithdrawn),
)
"""What the platform where a forwarded ticket is at home must know of our handling."""
TICKETS = "tickets"
REPORTERS = (PeerKind.CHILD, PeerKind.SUBCENTER)
"""Those whose own tickets are kept in the mirror (JL 四(一)3, GS 二(四)2)."""
CROSSING = (Kind.TICKET, Kind.ACT, Kind.RESULT, Kind.RATING)


def told(peer: Peer, event: Event[Payload]) -> bool:
    """Whether another platform is told of an event of ours, whatever the ticket's way.

    A parent is told all of tickets, calls, articles, units and orders (GS 二(四)2, JL 五(六));
    a child the orders that are for it (GS 二(三)5) and the articles; a subcenter the articles
    (JL 四(一)3). A neighbour is told of forwarded tickets alone, see `goes_onward`.
    """
    data = event.data
    match peer.kind:
        case PeerKind.PARENT:
            return data.topic == TICKETS or isinstance(data, REPORTED)
        case PeerKind.CHILD:
            is_its_order = isinstance(data, OrderIssued) and data.unit in peer.units
            return is_its_order or isinstance(data, ARTICLES)
        case PeerKind.SUBCENTER:
            return isinstance(data, ARTICLES)
        case _:
            return False


def passed_on(peer: Peer, kind: Kind, *, sender: str) -> bool:
    """Whether another platform is told of a message that `sender` sent us: articles alone go on.

    Platforms stand in a tree, so nothing comes round (GS 二(四)1, JL 四(一)3).
    """
    is_beside = peer.code != sender and peer.kind != PeerKind.NEIGHBOUR
    return kind is Kind.ARTICLE and is_beside


def goes_onward(peer: Peer, event: Event[Payload]) -> bool:
    """Whether an event of a ticket that was forwarded to this peer goes to it besides `told`.

    Not that it is what the ticket complains of (XS 三(四)).
    """
    data = event.data
    if isinstance(data, TicketAmended) and data.about_unit in peer.units:
        return False
    is_onward = isinstance(data, ONWARD) and not is_theirs(peer.code, data)
    return is_onward and not told(peer, event)


def is_theirs(peer: str, data: Payload) -> bool:
    """Whether a file came from this platform itself."""
    return isinstance(data, TicketAttached) and data.attached_by == subject_of(peer)


def goes_back(data: Payload) -> bool:
    """Whether what happened to our ticket is an act at the platform that forwarded it."""
    match data:
        case TicketExtensionDecided():
            return data.is_granted
        case TicketWithdrawn():
            return data.sent_back is not None
        case _:
            return isinstance(data, BACK)


def leaves(data: Payload) -> bool:
    """Whether a ticket leaves the unit that it was forwarded to."""
    if isinstance(data, TicketReturnDecided):
        return data.decision is not ReturnDecision.REJECTED
    return isinstance(data, (*ENDS, TicketDispatched))


def comes_anew(data: Payload) -> bool:
    """Whether a ticket that its platform sent back is forwarded to it once more."""
    return isinstance(data, TicketReturnDecided) and data.decision is ReturnDecision.REJECTED


def fate(peer_kind: str, kind: Kind, *, is_crossing: bool, is_ours: bool = False) -> Fate:
    """What becomes of a message; `is_crossing`: its subject is a ticket that crossed.

    `is_ours`: and it is our own, which the sender handles. It reports what it does to its linked
    ticket by itself, so nothing of ours is kept as one of its own.
    """
    is_reporter = peer_kind in REPORTERS
    match kind:
        case Kind.FORWARD:
            return Fate.DELIVER
        case Kind.ORDER | Kind.ARTICLE:
            return Fate.BOTH
        case Kind.CALL | Kind.DIRECTORY:
            return Fate.MIRROR if is_reporter else Fate.UNKNOWN
    if is_crossing:
        return Fate.BOTH if is_reporter and not is_ours else Fate.DELIVER
    return Fate.MIRROR if is_reporter else Fate.UNKNOWN


def pieces(content: str) -> list[str]:
    """A request's words: what a forward has room for, and the rest, an addition each."""
    starts = range(CONTENT_MAX, len(content), CONTENT_MAX)
    rest = (content[start : start + CONTENT_MAX] for start in starts)
    return [content[:CONTENT_MAX], *(one for one in rest if one.strip())]


class Target(StrEnum):
    """Where the matters of a place go."""

    HERE = "here"
    HOSTED = "hosted"
    PARENT = "parent"
    PEER = "peer"


class Way(NamedTuple):
    """Where the matters of a place go, by which place's line."""

    target: Target
    peer: str | None
    by: str
    """The code that decided: of a route, a peer or this platform; the longest that holds it."""


def way_of(code: str, *, platform: str, routes: Mapping[str, Way], peers: Sequence[Peer]) -> Way:
    """Where the matters of a place go (F2, ZY 6, 7): the nearest line that holds it decides.

    Routes that an operator registered go before the codes of peers and of this platform. What
    nobody here has goes to the parent, where there is one.
    """
    parents = [one for one in peers if one.kind == PeerKind.PARENT]
    ways = {platform: Way(Target.HERE, None, platform)}
    ways |= {one.code: Way(Target.PEER, one.code, one.code) for one in peers if one not in parents}
    ways |= routes
    holding = [one for one in ways if covers(one, code)]
    if holding:
        return ways[max(holding, key=lambda one: (len(prefix(one)), one in routes))]
    if parents:
        return Way(Target.PARENT, parents[0].code, parents[0].code)
    return Way(Target.HERE, None, platform)
