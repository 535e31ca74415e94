"""Where browsers log in and out."""

from html import escape
from typing import cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.gateway.forms import HEADERS, page
from services.gateway.login.client import OidcClient
from services.gateway.login.operations import log_in
from services.gateway.login.pending import (
    COOKIE as PENDING_COOKIE,
)
from services.gateway.login.pending import (
    LIFETIME,
    begin,
    read_pending,
    write_pending,
)
from services.gateway.login.problems import (
    BadIdToken,
    BadIdTokenIssuer,
    IssuerUnavailable,
    LoginRefused,
)
from services.gateway.people.sessions import (
    COOKIE,
    end_session,
    forget_known,
    refuse_cross_site,
    token_in,
)
from shared.problems import Problem
from shared.runtime import Runtime
from shared.service import runtime_of
from shared.settings import Settings
from shared.telemetry import log

CALLBACK = "/auth/callback"
router = APIRouter(prefix="/auth", include_in_schema=False)


@router.get("/login")
async def begin_login(request: Request, then: str = "/") -> Response:
    """Send a browser to the issuer; afterwards it comes back to `then`, a page of ours."""
    settings = runtime_of(request).settings
    pending = begin(then)
    try:
        address = await client_of(request).login_address(
            state=pending.state, nonce=pending.nonce, verifier=pending.verifier
        )
    except Problem as problem:
        return _shown(request, problem)
    answer = RedirectResponse(address, status_code=303, headers=HEADERS)
    answer.set_cookie(
        PENDING_COOKIE,
        write_pending(pending, settings),
        max_age=int(LIFETIME.total_seconds()),
        path=CALLBACK,
        secure=is_secure(settings),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/callback")
async def finish_login(request: Request) -> Response:
    """The issuer sends a browser back: with a code, or with what went wrong."""
    runtime = runtime_of(request)
    try:
        token, then = await _finish(request, runtime)
    except Problem as problem:
        log.warning("login_failed", code=problem.code)
        answer = _shown(request, problem)
        answer.delete_cookie(PENDING_COOKIE, path=CALLBACK)
        return answer
    answer = RedirectResponse(then, status_code=303, headers=HEADERS)
    answer.delete_cookie(PENDING_COOKIE, path=CALLBACK)
    answer.set_cookie(
        COOKIE,
        token,
        path="/",
        secure=is_secure(runtime.settings),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/logout")
async def ask_logout() -> Response:
    """Ask whether to log out: a link of somebody else's must not do it."""
    body = '<form method="post" action="/auth/logout"><button>退出登录</button></form>'
    return page("退出登录", body)


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """End the session here, and at the issuer where it offers that."""
    runtime = runtime_of(request)
    headers = dict(request.scope["headers"])
    token, is_cookie = token_in(headers)
    if is_cookie:
        refuse_cross_site(request.method, headers, runtime.settings)
    if token is not None:
        async with runtime.database.pool.acquire() as connection:
            await end_session(connection, token)
        forget_known(runtime, token)
    home = runtime.settings.public_url.rstrip("/") + "/"
    try:
        address = await client_of(request).logout_address(then=home)
    except IssuerUnavailable:
        address = None  # it is over here all the same
    answer = RedirectResponse(address or "/", status_code=303, headers=HEADERS)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def client_of(request: Request) -> OidcClient:
    """The way to the issuer."""
    return cast("OidcClient", request.app.state.oidc)


def is_secure(settings: Settings) -> bool:
    """Whether cookies go over TLS alone."""
    return settings.public_url.startswith("https://")


async def _finish(request: Request, runtime: Runtime) -> tuple[str, str]:
    given, client = request.query_params, client_of(request)
    pending = read_pending(
        request.cookies.get(PENDING_COOKIE), state=given.get("state"), settings=runtime.settings
    )
    if given.get("iss", client.issuer) != client.issuer:
        raise BadIdTokenIssuer
    if "error" in given:
        raise LoginRefused
    if not given.get("code"):
        raise BadIdToken
    id_token = await client.exchange(given["code"], verifier=pending.verifier)
    claims = await client.verify(id_token, nonce=pending.nonce)
    async with runtime.database.sessions() as session, session.begin():
        token = await log_in(session, runtime.settings, issuer=client.name, claims=claims)
    return token, pending.then


def _shown(request: Request, problem: Problem) -> Response:
    if "text/html" not in request.headers.get("accept", ""):
        return problem.response()
    body = f'<p>代码：{escape(problem.code)}</p><p><a href="/auth/login">重新登录</a></p>'
    return page("无法登录", body, wrong=problem.detail, status=problem.status)
