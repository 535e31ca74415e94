"""Who may enter, and what each may see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from shared import security
from shared.events.words import Role
from shared.problems import NotAllowed, Unauthenticated
from shared.security import Principal, TokenReader, issue_token

SECRET = "a-secret-of-at-least-thirty-two-characters"
OPERATOR = Principal("ZY0001", Role.OPERATOR, "512000")
UNIT = Principal("ZY0002", Role.UNIT, "512000", "512000001")


@pytest.mark.parametrize("principal", [OPERATOR, UNIT, replace(UNIT, is_person=True)])
def test_a_token_names_its_principal(principal: Principal) -> None:
    token = issue_token(principal, SECRET, lifetime=timedelta(hours=1))
    reader = TokenReader(SECRET)
    assert reader.read(f"Bearer {token}") == principal
    assert reader.read(f"bearer {token}") == principal


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Token abc", "Bearer a.b.c"])
def test_a_header_without_a_token_names_nobody(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        TokenReader(SECRET).read(header)


def test_a_token_of_another_secret_names_nobody() -> None:
    token = issue_token(OPERATOR, "another-secret-of-at-least-thirty-two", lifetime=timedelta(1))
    with pytest.raises(Unauthenticated):
        TokenReader(SECRET).read(f"Bearer {token}")


def test_a_token_without_a_signature_names_nobody() -> None:
    token = jwt.encode(_claims(), None, algorithm="none")
    with pytest.raises(Unauthenticated):
        TokenReader(SECRET).read(f"Bearer {token}")


@pytest.mark.parametrize("missing", ["sub", "role", "jurisdiction", "exp"])
def test_a_token_that_lacks_a_claim_names_nobody(missing: str) -> None:
    claims = {name: value for name, value in _claims().items() if name != missing}
    with pytest.raises(Unauthenticated):
        TokenReader(SECRET).read(f"Bearer {_signed(claims)}")


@pytest.mark.parametrize("changed", [{"role": "emperor"}, {"role": "unit"}, {"sub": 7}])
def test_a_token_with_a_claim_that_makes_no_sense_names_nobody(changed: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        TokenReader(SECRET).read(f"Bearer {_signed(_claims() | changed)}")


def test_a_token_that_was_good_once_ends_with_its_time() -> None:
    reader = TokenReader(SECRET)
    good = f"Bearer {_signed(_claims())}"
    assert reader.read(good) == OPERATOR
    token = good.removeprefix("Bearer ")
    principal, _ = reader._verified[token]
    reader._verified[token] = (principal, datetime.now(UTC).timestamp() - 1)
    with pytest.raises(Unauthenticated, match="过期"):
        reader.read(good)
    assert token not in reader._verified


def test_a_token_that_is_over_names_nobody() -> None:
    token = issue_token(OPERATOR, SECRET, lifetime=timedelta(seconds=-1))
    with pytest.raises(Unauthenticated):
        TokenReader(SECRET).read(f"Bearer {token}")


def test_only_so_many_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "VERIFIED_MAX", 3)
    reader = TokenReader(SECRET)
    for n in range(5):
        reader.read(f"Bearer {_signed(_claims() | {'sub': f'ZY{n}'})}")
    assert len(reader._verified) == 3


def test_a_role_that_may_not_is_told_who_may() -> None:
    with pytest.raises(NotAllowed) as caught:
        OPERATOR.require(Role.UNIT, Role.SUPERVISOR)
    assert caught.value.allowed == ["unit", "supervisor"]
    OPERATOR.require(Role.OPERATOR)


@pytest.mark.parametrize(
    ("principal", "jurisdiction", "unit", "is_seen"),
    [
        (OPERATOR, "512000", None, True),
        (OPERATOR, "512081", "512081001", True),
        (OPERATOR, "530000", None, False),
        (Principal("YN1", Role.SUPERVISOR, "530000"), "532801", None, True),
        (UNIT, "512000", "512000001", True),
        (UNIT, "512000", "512000002", False),
        (UNIT, "512000", None, False),
    ],
)
def test_each_sees_only_its_own(
    principal: Principal, jurisdiction: str, unit: str | None, is_seen: bool
) -> None:
    assert principal.sees(jurisdiction, unit) is is_seen


def _claims() -> dict[str, Any]:
    return {
        "sub": "ZY0001",
        "role": "operator",
        "jurisdiction": "512000",
        "exp": datetime.now(UTC) + timedelta(hours=1),
    }


def _signed(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, SECRET, algorithm="HS256")
