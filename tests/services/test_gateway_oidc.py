"""The gateway as a client of an issuer: another vendor's, and whatever may be wrong (F5)."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from shared.events.words import Role
from tests.harness import Harness, eventually
from tests.services.foreign_issuer import CLIENT, SECRET, ForeignIssuer, Key, open_issuer
from tests.services.people_desk import Browser, Desk

JSON = {"Accept": "application/json"}


async def foreign(harness: Harness) -> tuple[Desk, ForeignIssuer]:
    issuer = await harness.stack.enter_async_context(open_issuer())
    desk = await Desk.open(
        harness,
        oidc_issuer=issuer.url,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_work_number_claim="employeeNumber",
    )
    return desk, issuer


async def arrive(
    browser: Browser,
    issuer: ForeignIssuer,
    number: str = "HW0107",
    subject: str = "s-1",
    **more: str,
) -> httpx.Response:
    """Log in at the foreign issuer and come back with what it gives, changed by `more`."""
    begun = await browser.client.get("/auth/login")
    back = issuer.vouch(begun.headers["location"], number=number, subject=subject)
    return await browser.client.get("/auth/callback", params=back | more, headers=JSON)


async def test_another_issuer_vouches_for_people_of_ours(harness: Harness) -> None:
    desk, issuer = await foreign(harness)
    await desk.person("HW0107", Role.OPERATOR)
    browser = await desk.browser()
    begun = await browser.client.get("/auth/login")
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert asked["tenant"] == ["512000"]
    assert asked["code_challenge_method"] == ["S256"]
    assert (await arrive(browser, issuer)).status_code == 303
    assert (await browser.me()).json()["role"] == "operator"
    assert (await desk.security.get("/v1/people/HW0107")).json()["is_bound"] is True
    own = {"Sec-Fetch-Site": "same-origin"}
    goodbye = (await browser.client.post("/auth/logout", headers=own)).headers["location"]
    assert goodbye.startswith(f"{issuer.url}/goodbye?client_id={CLIENT}")
    assert (await browser.me()).status_code == 401


async def test_a_number_is_bound_to_one_subject_until_security_lets_it_go(
    harness: Harness,
) -> None:
    desk, issuer = await foreign(harness)
    await desk.person("HW0107", Role.OPERATOR)
    browser = await desk.browser()
    assert (await arrive(browser, issuer)).status_code == 303
    other = await arrive(browser, issuer, subject="s-2")
    assert (other.status_code, other.json()["code"]) == (403, "unknown_person")
    assert (await arrive(browser, issuer, number="HW9999")).status_code == 303, "the subject counts"
    assert (await desk.act("HW0107", "unbind")).status_code == 200
    assert (await browser.me()).status_code == 401
    assert (await arrive(browser, issuer, subject="s-2")).status_code == 303
    assert (await arrive(browser, issuer)).json()["code"] == "unknown_person"


async def test_who_is_not_registered_or_kept_out_does_not_enter(harness: Harness) -> None:
    desk, issuer = await foreign(harness)
    browser = await desk.browser()
    assert (await arrive(browser, issuer)).json()["code"] == "unknown_person"
    await desk.person("HW0107", Role.OPERATOR)
    await desk.act("HW0107", "lock")
    assert (await arrive(browser, issuer)).json()["code"] == "kept_out"


async def test_passwords_are_the_other_issuers_business(harness: Harness) -> None:
    desk, _ = await foreign(harness)
    await desk.person("HW0107")
    for act in ("reset-password", "reset-second-factor"):
        assert (await desk.act("HW0107", act)).json()["code"] == "foreign_issuer"
    browser = await desk.browser()
    assert (await browser.client.get("/oidc/authorize")).status_code == 404
    assert (await browser.client.get("/oidc/jwks")).status_code == 404


async def test_a_key_that_is_changed_in_the_middle_is_fetched_at_most_once_a_second(
    harness: Harness,
) -> None:
    desk, issuer = await foreign(harness)
    await desk.person("HW0107", Role.OPERATOR)
    browser = await desk.browser()
    for _ in range(2):
        assert (await arrive(browser, issuer)).status_code == 303
    assert issuer.fetched == ["discovery", "keys"]
    issuer.key = Key()

    async def is_in() -> bool:
        answer = await arrive(browser, issuer)
        assert answer.status_code == 303 or answer.json()["code"] == "bad_id_token_signature"
        return answer.status_code == 303

    await eventually(is_in)
    assert issuer.fetched == ["discovery", "keys", "keys"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"nonce": "of another login"}, "bad_nonce"),
        ({"nonce": None}, "bad_nonce"),
        ({"aud": "somebody else"}, "bad_id_token_audience"),
        ({"aud": [CLIENT, "other"], "azp": "other"}, "bad_id_token_audience"),
        ({"iss": "https://other.example"}, "bad_id_token_issuer"),
        ({"exp": 1_700_000_000}, "id_token_expired"),
        ({"nbf": 4_000_000_000}, "id_token_expired"),
        ({"exp": None}, "bad_id_token"),
        ({"sub": None}, "bad_id_token"),
        ({"employeeNumber": None}, "unknown_person"),
    ],
)
async def test_a_claim_that_is_wrong_has_its_own_code(
    harness: Harness, changed: dict[str, Any], code: str
) -> None:
    desk, issuer = await foreign(harness)
    await desk.person("HW0107", Role.OPERATOR)
    issuer.changed = changed
    answer = await arrive(await desk.browser(), issuer)
    assert (answer.status_code in (401, 403), answer.json()["code"]) == (True, code)
    assert await desk.runtime.database.pool.fetchval("SELECT count(*) FROM sessions") == 0


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_a_token_without_a_real_signature_is_refused(
    harness: Harness, algorithm: str
) -> None:
    desk, issuer = await foreign(harness)
    issuer.algorithm = algorithm
    answer = await arrive(await desk.browser(), issuer)
    assert answer.json()["code"] == "bad_id_token_algorithm"


async def test_a_token_of_another_key_is_refused(harness: Harness) -> None:
    desk, issuer = await foreign(harness)
    forged = Key()
    forged.id = issuer.key.id
    issuer.published, issuer.key = [issuer.key], forged
    answer = await arrive(await desk.browser(), issuer)
    assert answer.json()["code"] == "bad_id_token_signature"


async def test_state_code_and_verifier_belong_to_one_login_of_one_browser(
    harness: Harness,
) -> None:
    desk, issuer = await foreign(harness)
    await desk.person("HW0107", Role.OPERATOR)
    browser, other = await desk.browser(), await desk.browser()
    assert (await arrive(browser, issuer, state="guessed")).json()["code"] == "bad_state"
    begun = await browser.client.get("/auth/login")
    back = issuer.vouch(begun.headers["location"], number="HW0107", subject="s-1")
    stolen = await other.client.get("/auth/callback", params=back, headers=JSON)
    assert stolen.json()["code"] == "bad_state"
    assert (await arrive(browser, issuer, code="guessed")).json()["code"] == "code_refused"
    mixed = await arrive(browser, issuer, iss="https://other.example")
    assert mixed.json()["code"] == "bad_id_token_issuer"
    assert (await arrive(browser, issuer, error="access_denied")).json()["code"] == "login_refused"
    begun = await other.client.get("/auth/login")
    mine = dict(parse_qs(urlsplit(begun.headers["location"]).query))
    back = issuer.vouch(
        (await browser.client.get("/auth/login")).headers["location"],
        number="HW0107",
        subject="s-1",
    )
    swapped = back | {"state": mine["state"][0]}
    answer = await other.client.get("/auth/callback", params=swapped, headers=JSON)
    assert answer.json()["code"] == "code_refused", "the verifier is another login's"


async def test_an_issuer_that_is_down_is_said_to_people(harness: Harness) -> None:
    desk, issuer = await foreign(harness)
    issuer.is_broken = True
    browser = await desk.browser()
    page = await browser.client.get("/auth/login")
    assert (page.status_code, "身份服务暂时不可用" in page.text) == (503, True)
    answer = await browser.client.get("/auth/login", headers=JSON)
    assert answer.json()["code"] == "issuer_unavailable"


async def test_after_a_login_nobody_is_sent_elsewhere(harness: Harness) -> None:
    desk, issuer = await foreign(harness)
    await desk.person("HW0107", Role.OPERATOR)
    browser = await desk.browser()
    for then in ("https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nx: y"):
        begun = await browser.client.get("/auth/login", params={"then": then})
        back = issuer.vouch(begun.headers["location"], number="HW0107", subject="s-1")
        answer = await browser.client.get("/auth/callback", params=back)
        assert answer.headers["location"] == "/"
