"""Logging in with the built-in issuer: passwords, second factors, locks (F5, F9)."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from services.gateway.people.sessions import COOKIE
from shared.events.words import Role
from tests.harness import Harness
from tests.services.people_desk import PASSWORD, Browser, Desk

WRONG = "Wrong-Horse-4242"


async def enrolled(desk: Desk, number: str) -> tuple[Browser, list[str]]:
    """A security officer who has registered an authenticator; its browser and recovery codes."""
    temporary = await desk.person(number, Role.AUDITOR)
    browser = await desk.browser()
    await browser.log_in(number, temporary)
    await browser.send(password=PASSWORD, again=PASSWORD)
    authenticator = browser.authenticator()
    browser.client.headers["X-Secret"] = authenticator.secret
    await browser.send(code=authenticator.now())
    return browser, browser.recovery_codes()


def code_of(browser: Browser, *, steps: int = 0) -> str:
    at = datetime.now(UTC) + timedelta(seconds=30 * steps)
    return pyotp.TOTP(browser.client.headers["X-Secret"]).at(at)


async def test_a_first_login_changes_the_one_time_password_and_ends_in_a_session(
    harness: Harness,
) -> None:
    desk = await Desk.open(harness)
    temporary = await desk.person("HW0107", Role.OPERATOR)
    browser = await desk.browser()
    await browser.begin(then="/docs")
    assert (await browser.send(work_number="hw0107", password=temporary)).status_code == 200
    assert (await browser.send(password=PASSWORD, again=PASSWORD)).status_code == 303
    await browser.arrive()
    assert browser.page.headers["location"] == "/docs"
    cookie = browser.page.headers["set-cookie"]
    assert f"{COOKIE}=hs_" in browser.page.headers.get_list("set-cookie")[-1]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    me = (await browser.me()).json()
    assert (me["work_number"], me["role"], me["jurisdiction"]) == ("HW0107", "operator", "512000")
    assert await desk.audited("session.opened") == [("HW0107", "HW0107")]
    again = await desk.browser()
    assert (await again.log_in("HW0107", temporary)).status_code == 401
    assert (await again.log_in("HW0107")).status_code == 303


async def test_the_pages_need_no_script_and_load_nothing(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.browser()
    await browser.begin()
    assert "<script" not in browser.page.text
    assert re.findall(r'(?:src|href)="', browser.page.text) == []
    assert "default-src 'none'" in browser.page.headers["content-security-policy"]
    for field in ("work_number", "password"):
        assert f'<label for="{field}">' in browser.page.text


async def test_an_account_locks_after_failures_and_opens_again_by_security(
    harness: Harness,
) -> None:
    desk = await Desk.open(harness, login_failures_max=3)
    await desk.member("HW0107", Role.OPERATOR)
    browser = await desk.browser()
    for _ in range(3):
        assert (await browser.log_in("HW0107", WRONG)).status_code == 401
    assert (await browser.log_in("HW0107")).status_code == 401
    assert await desk.audited("login.failed") == [("HW0107", "issuer")] * 2
    assert await desk.audited("login.locked") == [("HW0107", "issuer")]
    assert (await desk.act("HW0107", "unlock")).status_code == 200
    assert (await browser.log_in("HW0107")).status_code == 303


async def test_a_lock_ends_by_itself_and_a_right_password_forgets_failures(
    harness: Harness,
) -> None:
    desk = await Desk.open(harness, login_failures_max=2)
    await desk.member("HW0107", Role.OPERATOR)
    browser = await desk.browser()
    await browser.log_in("HW0107", WRONG)
    assert (await browser.log_in("HW0107")).status_code == 303
    await browser.log_in("HW0107", WRONG)
    assert (await browser.log_in("HW0107")).status_code == 303
    for _ in range(2):
        await browser.log_in("HW0107", WRONG)
    assert (await browser.log_in("HW0107")).status_code == 401
    await desk.sql("UPDATE credentials SET locked_until = clock_timestamp()")
    assert (await browser.log_in("HW0107")).status_code == 303


async def test_nobody_can_tell_who_has_an_account(harness: Harness) -> None:
    desk = await Desk.open(harness)
    await desk.member("HW0107", Role.OPERATOR)
    await desk.person("HW0108", Role.OPERATOR)
    await desk.act("HW0108", "lock")
    browser = await desk.browser()
    texts = set()
    for number in ("HW0107", "HW0108", "HW9999", "no number", "HW0\x00"):
        answer = await browser.log_in(number, WRONG)
        _, hidden = browser.form()
        texts.add((answer.status_code, answer.text.replace(hidden["form"], "")))
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("password", "again", "why"),
    [
        ("Short-1", "Short-1", "至少 12 个字符"),
        ("onlylowercaseletters", "onlylowercaseletters", "至少三类"),
        ("Hw0107-and-more", "Hw0107-and-more", "不得包含工号"),
        (PASSWORD, PASSWORD + "x", "不一致"),
    ],
)
async def test_a_weak_password_is_refused(
    harness: Harness, password: str, again: str, why: str
) -> None:
    desk = await Desk.open(harness)
    browser = await desk.browser()
    await browser.log_in("HW0107", await desk.person("HW0107", Role.OPERATOR))
    answer = await browser.send(password=password, again=again)
    assert (answer.status_code, why in answer.text) == (422, True)
    assert (await browser.send(password=PASSWORD, again=PASSWORD)).status_code == 303


async def test_the_last_passwords_cannot_come_back_and_old_ones_must_change(
    harness: Harness,
) -> None:
    desk = await Desk.open(harness, passwords_kept=2)
    browser = await desk.member("HW0107", Role.OPERATOR)
    await desk.sql("UPDATE credentials SET changed_at = clock_timestamp() - interval '91 days'")
    await browser.log_in("HW0107")
    answer = await browser.send(password=PASSWORD, again=PASSWORD)
    assert (answer.status_code, "最近 2 个口令" in answer.text) == (422, True)
    assert (await browser.send(password=WRONG, again=WRONG)).status_code == 303
    await desk.sql("UPDATE credentials SET changed_at = clock_timestamp() - interval '91 days'")
    await browser.log_in("HW0107", WRONG)
    assert (await browser.send(password=PASSWORD, again=PASSWORD)).status_code == 422


async def test_a_one_time_password_is_good_for_its_time(harness: Harness) -> None:
    desk = await Desk.open(harness)
    temporary = await desk.person("HW0107", Role.OPERATOR)
    await desk.sql("UPDATE credentials SET temporary_until = clock_timestamp()")
    browser = await desk.browser()
    assert (await browser.log_in("HW0107", temporary)).status_code == 401


async def test_administrators_need_a_second_factor_and_a_code_is_taken_once(
    harness: Harness,
) -> None:
    desk = await Desk.open(harness)
    browser, codes = await enrolled(desk, "HW0003")
    assert len(codes) == 8
    await browser.send()
    await browser.arrive()
    assert (await browser.me()).json()["role"] == "auditor"
    assert (await browser.log_in("HW0003")).status_code == 200
    assert (await browser.send(code=code_of(browser))).status_code == 401, "it registered with it"
    later = code_of(browser, steps=1)
    assert (await browser.send(code=later)).status_code == 303
    await browser.log_in("HW0003")
    assert (await browser.send(code=later)).status_code == 401
    assert (await browser.send(code="000000")).status_code == 401


async def test_a_recovery_code_opens_once(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser, codes = await enrolled(desk, "HW0003")
    await browser.log_in("HW0003")
    assert (await browser.send(code=codes[0].upper())).status_code == 303
    await browser.log_in("HW0003")
    assert (await browser.send(code=codes[0])).status_code == 401
    assert (await browser.send(code=codes[1])).status_code == 303
    assert await desk.audited("recovery_code.used") == [("HW0003", "HW0003")] * 2


async def test_wrong_codes_lock_as_wrong_passwords_do(harness: Harness) -> None:
    desk = await Desk.open(harness, login_failures_max=3)
    browser, _ = await enrolled(desk, "HW0003")
    await browser.log_in("HW0003")
    for _ in range(3):
        assert (await browser.send(code="000000")).status_code == 401
    assert (await browser.send(code=code_of(browser, steps=1))).status_code == 401
    assert (await browser.log_in("HW0003")).status_code == 401


async def test_a_lost_authenticator_is_registered_anew(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser, codes = await enrolled(desk, "HW0003")
    assert (await desk.act("HW0003", "reset-second-factor")).status_code == 200
    await browser.log_in("HW0003")
    assert browser.authenticator().secret != browser.client.headers["X-Secret"]
    assert (await browser.send(code=codes[0])).status_code == 401


async def test_all_need_a_second_factor_where_it_is_set(harness: Harness) -> None:
    desk = await Desk.open(harness, second_factor="all")
    browser = await desk.browser()
    await browser.log_in("HW0107", await desk.person("HW0107", Role.OPERATOR))
    await browser.send(password=PASSWORD, again=PASSWORD)
    assert browser.authenticator()


async def test_no_stage_can_be_left_out(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser, _ = await enrolled(desk, "HW0003")
    await browser.log_in("HW0003")
    _, hidden = browser.form()
    for path, typed in (
        ("/oidc/continue", {}),
        ("/oidc/password", {"password": WRONG, "again": WRONG}),
        ("/oidc/enrol", {"code": code_of(browser, steps=1)}),
    ):
        answer = await browser.client.post(path, data=hidden | typed)
        assert answer.status_code in (200, 400)
        assert "location" not in answer.headers


async def test_a_form_is_good_in_its_own_browser_alone(harness: Harness) -> None:
    desk = await Desk.open(harness)
    await desk.member("HW0107", Role.OPERATOR)
    browser, other = await desk.browser(), await desk.browser()
    await browser.begin()
    action, hidden = browser.form()
    await other.begin()
    typed = {"work_number": "HW0107", "password": PASSWORD}
    assert (await other.client.post(action, data=hidden | typed)).status_code == 400
    assert (await other.client.post(action, data={"form": "x"} | typed)).status_code == 400


async def test_tries_at_once_get_no_more_tries(harness: Harness) -> None:
    desk = await Desk.open(harness, login_failures_max=3)
    await desk.member("HW0107", Role.OPERATOR)
    browsers = [await desk.browser() for _ in range(8)]
    for one in browsers:
        await one.begin()
    sent = [one.send(work_number="HW0107", password=WRONG) for one in browsers]
    assert {answer.status_code for answer in await asyncio.gather(*sent)} == {401}
    judged = await desk.audited("login.failed") + await desk.audited("login.locked")
    assert len(judged) == 3


async def test_a_code_that_is_sent_twice_at_once_is_taken_once(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser, codes = await enrolled(desk, "HW0003")
    others = [await desk.browser() for _ in range(3)]
    for one in others:
        await one.log_in("HW0003")
    later = code_of(browser, steps=1)
    answers = await asyncio.gather(*(one.send(code=later) for one in others))
    assert sorted(one.status_code for one in answers) == [303, 401, 401]
    for one in others:
        await one.log_in("HW0003")
    answers = await asyncio.gather(*(one.send(code=codes[0]) for one in others))
    assert sorted(one.status_code for one in answers) == [303, 401, 401]


async def test_behind_tls_cookies_go_over_tls_alone(harness: Harness) -> None:
    desk = await Desk.open(harness, public_url="https://hotline.test")
    browser = await desk.member("HW0107", Role.OPERATOR)
    for cookie in browser.page.headers.get_list("set-cookie")[1:]:
        assert "Secure" in cookie
    assert (await browser.me()).status_code == 200
