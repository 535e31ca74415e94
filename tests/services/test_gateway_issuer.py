"""The built-in issuer as a client sees it: codes, tokens, keys (F5)."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt

from services.gateway.issuer.tokens import challenge_of
from shared.events.words import Role
from tests.harness import Harness
from tests.services.people_desk import PASSWORD, Desk


async def test_a_code_of_the_built_in_issuer_is_taken_once_and_with_its_verifier(
    harness: Harness,
) -> None:
    desk = await Desk.open(harness)
    browser = await desk.member("HW0107", Role.OPERATOR)
    for given, error in (
        ({"code_verifier": "guessed"}, "wrong code_verifier"),
        ({"redirect_uri": "https://evil.example"}, "another redirect_uri"),
        ({"client_id": "other"}, "wrong client_id or client_secret"),
        ({"grant_type": "password"}, "only authorization_code"),
    ):
        await browser.log_in("HW0107", PASSWORD)
        code = parse_qs(urlsplit(browser.page.headers["location"]).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": desk.runtime.settings.public_url + "/auth/callback",
            "client_id": "hotline",
        }
        answer = await browser.client.post("/oidc/token", data=form | given)
        assert answer.status_code in (400, 401)
        assert answer.json()["error_description"] == error
    await browser.log_in("HW0107", PASSWORD)
    address = browser.page.headers["location"]
    await browser.arrive()
    query = parse_qs(urlsplit(address).query)
    again = await browser.client.post("/oidc/token", data=form | {"code": query["code"][0]})
    assert again.json()["error_description"] == "unknown or used code"


async def test_the_built_in_issuer_sends_browsers_to_its_client_alone(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.browser()
    begun = await browser.client.get("/auth/login")
    address = httpx.URL(begun.headers["location"])
    for changed in ({"redirect_uri": "https://evil.example"}, {"client_id": "other"}):
        refused = await browser.client.get(address.copy_merge_params(changed))
        assert refused.status_code == 400
        assert "location" not in refused.headers
    for changed, error in (
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ):
        answer = await browser.client.get(address.copy_merge_params(changed))
        assert parse_qs(urlsplit(answer.headers["location"]).query)["error"] == [error]


async def test_what_the_built_in_issuer_gives_is_what_it_says_elsewhere(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.member("HW0107", Role.OPERATOR)
    begun = httpx.URL((await browser.client.get("/auth/login")).headers["location"])
    own = {"code_challenge": challenge_of("a verifier of the test"), "nonce": "n"}
    browser.page = await browser.client.get(begun.copy_merge_params(own))
    await browser.send(work_number="HW0107", password=PASSWORD)
    code = parse_qs(urlsplit(browser.page.headers["location"]).query)["code"][0]
    where = (await browser.client.get("/oidc/.well-known/openid-configuration")).json()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": desk.runtime.settings.public_url + "/auth/callback",
        "client_id": "hotline",
        "code_verifier": "a verifier of the test",
    }
    given = (await browser.client.post(where["token_endpoint"], data=form)).json()
    keys = (await browser.client.get(where["jwks_uri"])).json()
    claims = jwt.decode(
        given["id_token"],
        jwt.PyJWKSet.from_dict(keys).keys[0],
        ["ES256"],
        audience="hotline",
        issuer=where["issuer"],
    )
    assert (claims["preferred_username"], claims["nonce"], claims["amr"]) == (
        *("HW0107", "n"),
        ["pwd"],
    )
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    info = (await browser.client.get(where["userinfo_endpoint"], headers=headers)).json()
    assert info == {name: claims[name] for name in ("sub", "preferred_username", "name")}
    swapped = {"Authorization": f"Bearer {given['id_token']}"}
    answer = await browser.client.get(where["userinfo_endpoint"], headers=swapped)
    assert answer.status_code == 401


async def test_two_first_calls_make_one_key(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.browser()
    shown = await asyncio.gather(*(browser.client.get("/oidc/jwks") for _ in range(3)))
    assert {len(one.json()["keys"]) for one in shown} == {1}
    assert len({one.text for one in shown}) == 1
    assert "d" not in shown[0].json()["keys"][0]
    for bearer in ("", "nonsense", "a.b.c"):
        headers = {"Authorization": f"Bearer {bearer}"}
        answer = await browser.client.get("/oidc/userinfo", headers=headers)
        assert answer.status_code == 401
