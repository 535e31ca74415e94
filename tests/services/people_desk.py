"""Administrators who make people, and browsers in which people log in."""

import re
from html import unescape
from typing import Any

import httpx
import pyotp

from services.gateway.app import make_app
from services.gateway.people.sessions import COOKIE
from shared.clock import Clock
from shared.events.words import Role, Service
from shared.runtime import Runtime, open_runtime
from tests.harness import Harness, token

PASSWORD = "Correct-Horse-42"
FORM = re.compile(r'<form method="post" action="([^"]+)">(.*?)</form>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
SECRET = re.compile(r'<code id="secret">([^<]+)</code>')
RECOVERY = re.compile(r"<li><code>([^<]+)</code></li>")


class Desk:
    """A gateway, its administrators, and whoever they make."""

    def __init__(
        self, harness: Harness, runtime: Runtime, clients: list[httpx.AsyncClient]
    ) -> None:
        self.harness, self.runtime = harness, runtime
        self.app = make_app(runtime, {})
        self.administrator, self.security = clients

    @classmethod
    async def open(cls, harness: Harness, **settings: Any) -> "Desk":
        """A desk; sessions are looked up each time unless `settings` say otherwise."""
        changed = {"session_cache_seconds": 0.0, **settings}
        own = harness.settings.model_copy(update=changed)
        runtime = await harness.stack.enter_async_context(
            open_runtime(Service.GATEWAY, own, Clock())
        )
        app = make_app(runtime, {})
        clients = [
            await harness.client(app, token(own, role, subject=f"HW000{place}"))
            for place, role in enumerate((Role.ADMINISTRATOR, Role.SECURITY))
        ]
        return cls(harness, runtime, clients)

    async def person(self, number: str, *roles: Role, unit: str | None = None) -> str:
        """A person with these roles; their one-time password."""
        body = {"work_number": number, "name": "话务员", "jurisdiction": "512000"}
        answer = await self.administrator.post("/v1/people", json=body)
        assert answer.status_code == 201, answer.text
        for role in roles:
            answer = await self.grant(number, role, unit=unit)
            assert answer.status_code == 200, answer.text
        if self.runtime.settings.oidc_issuer:
            return ""
        return await self.reset(number)

    async def grant(
        self, number: str, role: Role, *, unit: str | None = None, jurisdiction: str = "512000"
    ) -> httpx.Response:
        body = {"role": role, "jurisdiction": jurisdiction, "unit": unit}
        return await self.security.post(f"/v1/people/{number}/grant", json=body)

    async def reset(self, number: str) -> str:
        answer = await self.act(number, "reset-password")
        assert answer.status_code == 200, answer.text
        password: str = answer.json()["temporary_password"]
        return password

    async def act(self, number: str, act: str) -> httpx.Response:
        client = self.administrator if act.endswith("activate") else self.security
        return await client.post(f"/v1/people/{number}/{act}", json={"reason": "测试"})

    async def browser(self) -> "Browser":
        """A browser without cookies."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=self.runtime.settings.public_url,
            headers={"Accept": "text/html"},
        )
        return Browser(await self.harness.stack.enter_async_context(client))

    async def member(self, number: str, *roles: Role, unit: str | None = None) -> "Browser":
        """A person of these roles who has chosen a password and is logged in."""
        temporary = await self.person(number, *roles, unit=unit)
        browser = await self.browser()
        await browser.begin()
        await browser.send(work_number=number, password=temporary)
        await browser.send(password=PASSWORD, again=PASSWORD)
        await browser.arrive()
        return browser

    async def audited(self, action: str) -> list[tuple[str, str]]:
        """Of whom the audit notes an action, and by whom."""
        rows = await self.runtime.database.pool.fetch(
            "SELECT subject, by FROM audit WHERE action = $1 ORDER BY at", action
        )
        return [(row["subject"], row["by"]) for row in rows]

    async def sql(self, statement: str, *given: Any) -> None:
        """Change what only time or chance would change."""
        await self.runtime.database.pool.execute(statement, *given)


class Browser:
    """Follows forms and redirects as a person's browser would, one step a call."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page = httpx.Response(200)

    async def begin(self, then: str = "/") -> None:
        """Ask to log in, as far as the issuer's first page."""
        self.page = await self.client.get("/auth/login", params={"then": then})
        self.page = await self.follow()

    async def follow(self) -> httpx.Response:
        """One redirect."""
        assert self.page.status_code == 303, self.page.text
        return await self.client.get(self.page.headers["location"])

    def form(self) -> tuple[str, dict[str, str]]:
        """The page's form: where it goes, and what it carries along."""
        found = FORM.search(self.page.text)
        assert found is not None, self.page.text
        hidden = {name: unescape(value) for name, value in HIDDEN.findall(found[2])}
        return found[1], hidden

    async def send(self, **typed: str) -> httpx.Response:
        """Fill in the page's form."""
        action, hidden = self.form()
        self.page = await self.client.post(action, data=hidden | typed)
        return self.page

    async def log_in(self, number: str, password: str = PASSWORD) -> httpx.Response:
        """From the start to what follows the password."""
        await self.begin()
        return await self.send(work_number=number, password=password)

    async def arrive(self) -> httpx.Response:
        """From the issuer back to the gateway, with a session."""
        self.page = await self.follow()
        return self.page

    def token(self) -> str:
        """The session's token."""
        return self.client.cookies[COOKIE]

    async def me(self) -> httpx.Response:
        return await self.client.get("/v1/me")

    async def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Call as a page of the gateway's own would."""
        return await self.client.post(path, json=body, headers={"Sec-Fetch-Site": "same-origin"})

    def authenticator(self) -> pyotp.TOTP:
        """The authenticator that the page asks to register."""
        found = SECRET.search(self.page.text)
        assert found is not None, self.page.text
        return pyotp.TOTP(found[1].replace(" ", ""))

    def recovery_codes(self) -> list[str]:
        return RECOVERY.findall(self.page.text)
