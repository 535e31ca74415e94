"""A case with all that belongs to it, as acts and readers need it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.cases.models import Case, CaseMember, CaseSignature, CaseVote
from services.dispatch.cases.rules import PAPERS, Capacity, Chosen, Member, Paper, Proceedings
from shared.events.kinds import CaseKind


@dataclass(frozen=True, slots=True)
class Sitting:
    """A case with its members, votes and signatures."""

    case: Case
    members: Sequence[CaseMember]
    votes: Sequence[CaseVote]
    signatures: Sequence[CaseSignature]

    @property
    def paper(self) -> Paper:
        """The document in which it ends."""
        return PAPERS[CaseKind(self.case.kind)]

    @property
    def sitting(self) -> list[Member]:
        """Its members, for the rules."""
        return [Member(one.subject, one.is_head) for one in self.members]

    def proceedings(self, *, has_minutes: bool) -> Proceedings:
        """What has come of it so far."""
        return Proceedings(
            members=self.sitting,
            votes={one.subject: one.lead_unit for one in self.votes},
            signatures={
                Capacity(one.capacity): Chosen(one.lead_unit, frozenset(one.co_units))
                for one in self.signatures
            },
            has_minutes=has_minutes,
        )


async def find_sitting(session: AsyncSession, case: Case) -> Sitting:
    """A case with its members, votes and signatures, in the order in which they came."""
    members = await session.scalars(
        select(CaseMember)
        .where(CaseMember.case_id == case.id)
        .order_by(CaseMember.is_head.desc(), CaseMember.subject)
    )
    votes = await session.scalars(
        select(CaseVote).where(CaseVote.case_id == case.id).order_by(CaseVote.at, CaseVote.subject)
    )
    signatures = await session.scalars(
        select(CaseSignature).where(CaseSignature.case_id == case.id).order_by(CaseSignature.at)
    )
    return Sitting(case, list(members), list(votes), list(signatures))
