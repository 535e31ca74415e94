"""The gateway as the people of the demo use it, and a ledger of all that it acknowledged."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy.trial import trial_token
from shared.events.callers import TicketHandedOver, TicketRepeatAnswered
from shared.events.dispatch import (
    TicketDispatched,
    TicketReplied,
    TicketReturnDecided,
    TicketReturnRequested,
    TicketSigned,
)
from shared.events.envelope import Payload
from shared.events.intake import (
    TicketAnswered,
    TicketCreated,
    TicketFollowedUp,
    TicketRated,
    TicketRefused,
)
from shared.events.knowledge import ArticlePublished
from shared.events.loop import TicketConcluded, TicketDeclined
from shared.events.words import Act, ReturnDecision, Role, Service, State
from shared.runtime import source_of
from shared.settings import Settings

FILED: dict[State, type[Payload]] = {
    State.ACCEPTED: TicketCreated,
    State.REFUSED: TicketRefused,
    State.ANSWERED: TicketAnswered,
    State.HANDED_OVER: TicketHandedOver,
}
ACTS: dict[Act, tuple[Service, str]] = {
    Act.DISPATCH: (Service.DISPATCH, TicketDispatched.type),
    Act.SIGN: (Service.DISPATCH, TicketSigned.type),
    Act.RETURN: (Service.DISPATCH, TicketReturnRequested.type),
    Act.DECIDE_RETURN: (Service.DISPATCH, TicketReturnDecided.type),
    Act.REPLY: (Service.DISPATCH, TicketReplied.type),
    Act.REFUSE: (Service.DISPATCH, TicketDeclined.type),
    Act.ANSWER: (Service.DISPATCH, TicketConcluded.type),
    Act.HAND_OVER: (Service.DISPATCH, TicketConcluded.type),
    Act.FOLLOW_UP: (Service.INTAKE, TicketFollowedUp.type),
    Act.RATE: (Service.INTAKE, TicketRated.type),
}
"""Who does an act, and what it then has said."""


class Refused(Exception):
    """The gateway did not do what the demo asked; the text is its answer."""


EventId = tuple[str, str, int]
"""Source, subject and sequence."""


@dataclass
class Ledger:
    """What the gateway acknowledged."""

    tickets: dict[str, State] = field(default_factory=dict)
    """Every ticket, with the state that it was filed in."""
    events: dict[EventId, str] = field(default_factory=dict)
    """Every event that an acknowledged act must have said, with its type."""
    references: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """The tickets that came of each sender's own id: one, however often it was sent."""


class Desk:
    """Calls with tokens of trial users; whoever is not understood raises `Refused`."""

    def __init__(self, client: httpx.AsyncClient, settings: Settings) -> None:
        self.ledger = Ledger()
        self._client = client
        self._settings = settings
        self._tokens: dict[tuple[Role, str, str], str] = {}

    def token(self, role: Role, whose: str, person: str = "") -> str:
        """The token of a role at a place, or of a unit; `person` tells colleagues apart."""
        key = (role, whose, person)
        if key not in self._tokens:
            unit = whose if role is Role.UNIT else None
            place = None if role is Role.UNIT else whose
            self._tokens[key] = trial_token(
                self._settings, role, jurisdiction=place, unit=unit, hours=24 * 30, person=person
            )
        return self._tokens[key]

    async def get(self, role: Role, whose: str, path: str, **query: str | int) -> Any:  # noqa: ANN401
        """Look something up."""
        headers = {"Authorization": f"Bearer {self.token(role, whose)}"}
        answer = await self._client.get(path, params=query, headers=headers)
        return _read(answer)

    async def file(self, place: str, body: dict[str, Any], *, key: str | None) -> dict[str, Any]:
        """File a request. With a key it is sent twice, as one does whose line was cut: a sender
        with an id of its own repeats that, others an Idempotency-Key.
        """
        reference = body.get("external_id") or body.get("channel_ref")
        for _ in range(1 if key is None else 2):
            filed: dict[str, Any] = await self._post(
                *(Role.OPERATOR, place, "/v1/tickets", body),
                key=key if reference is None else None,
            )
            state = State(filed["state"])
            self.ledger.tickets.setdefault(filed["id"], state)
            said = FILED[self.ledger.tickets[filed["id"]]].type
            if filed.get("answer") is not None:
                said = TicketRepeatAnswered.type
            self._note(Service.INTAKE, filed["id"], 1, said)
            name = reference or key
            if name is not None:
                self.ledger.references.setdefault((place, name), set()).add(filed["id"])
        return filed

    async def act(
        self, who: tuple[Role, str], ticket: str, act: Act, body: dict[str, Any], *, key: str | None
    ) -> dict[str, Any]:
        """Do something to a ticket; with a key the call is made twice."""
        service, said = ACTS[act]
        for _ in range(1 if key is None else 2):
            done: dict[str, Any] = await self._post(
                *who, f"/v1/tickets/{ticket}/{act}", body, key=key
            )
            sequence = done["sequence"]
            is_granted = body.get("decision") == ReturnDecision.GRANTED
            if is_granted and done["state"] == State.DISPATCHED:
                # Given back and sent on: two events of one act.
                self._note(service, ticket, sequence, TicketDispatched.type)
                sequence -= 1
            self._note(service, ticket, sequence, said)
        return done

    async def publish(self, place: str, unit: str, *, title: str, body: str) -> None:
        """Write an article and publish it."""
        draft = {"jurisdiction": place, "unit": unit, "title": title, "body": body}
        article = await self._post(Role.EDITOR, place, "/v1/articles", draft)
        path = f"/v1/articles/{article['id']}/publish"
        published = await self._post(Role.EDITOR, place, path, {})
        self._note(Service.KNOWLEDGE, article["id"], published["sequence"], ArticlePublished.type)

    async def post(
        self, role: Role, whose: str, path: str, body: dict[str, Any], *, person: str = ""
    ) -> Any:  # noqa: ANN401  any JSON
        """Do something of which the ledger keeps nothing."""
        headers = {"Authorization": f"Bearer {self.token(role, whose, person)}"}
        return _read(await self._client.post(path, json=body, headers=headers))

    async def put(self, role: Role, whose: str, path: str, body: dict[str, Any]) -> None:
        """Put something into a directory."""
        headers = {"Authorization": f"Bearer {self.token(role, whose)}"}
        _read(await self._client.put(path, json=body, headers=headers))

    async def upload(
        self, role: Role, whose: str, path: str, content: bytes, media_type: str
    ) -> Any:  # noqa: ANN401  any JSON
        """Send a file."""
        token = self.token(role, whose)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": media_type}
        return _read(await self._client.post(path, content=content, headers=headers))

    async def public(self, path: str, query_code: str, **body: Any) -> Any:  # noqa: ANN401
        """What a caller does, with number and query code alone."""
        headers = {"Query-Code": query_code}
        return _read(
            await self._client.post(f"/v1/public/tickets/{path}", json=body, headers=headers)
        )

    async def _post(
        self, role: Role, whose: str, path: str, body: dict[str, Any], *, key: str | None = None
    ) -> Any:  # noqa: ANN401  any JSON
        headers = {"Authorization": f"Bearer {self.token(role, whose)}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return _read(await self._client.post(path, json=body, headers=headers))

    def _note(self, service: Service, subject: str, sequence: int, said: str) -> None:
        source = source_of(self._settings.platform, service)
        self.ledger.events[source, subject, sequence] = said


def _read(answer: httpx.Response) -> Any:  # noqa: ANN401  any JSON
    if not answer.is_success:
        request = answer.request
        raise Refused(f"{request.method} {request.url.path}: {answer.status_code} {answer.text}")
    return answer.json()
