"""The built-in issuer over HTTP. It speaks OpenID Connect to clients and plain forms to people.

It answers only where no other issuer is set, and knows one client: this gateway.
"""

import hmac
import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import BaseModel, StringConstraints

from services.gateway.forms import HEADERS
from services.gateway.issuer import pages
from services.gateway.issuer.forms import COOKIE, Login, write_form
from services.gateway.issuer.keys import ALGORITHM, published_keys
from services.gateway.issuer.rules import LOGIN_LIFETIME, TOKEN_LIFETIME
from services.gateway.issuer.tokens import (
    PATH,
    Asked,
    CodeRefused,
    claims_of,
    issuer_of,
    person_of_access,
    redeem,
)
from shared.problems import NotFound
from shared.service import runtime_of
from shared.settings import Settings

CALLBACK = "/auth/callback"
ASKED_LENGTH_MAX = 512
Field = Annotated[str, StringConstraints(max_length=512)]


class Exchange(BaseModel):
    """What a client sends for a token."""

    grant_type: Field = ""
    code: Field = ""
    redirect_uri: Field = ""
    client_id: Field = ""
    client_secret: Field = ""
    code_verifier: Field = ""


def settings_of(request: Request) -> Settings:
    """The settings, where the built-in issuer is the one that counts. Raises `NotFound`."""
    settings = runtime_of(request).settings
    if settings.oidc_issuer:
        raise NotFound
    return settings


BuiltIn = Annotated[Settings, Depends(settings_of)]
router = APIRouter(prefix=PATH, include_in_schema=False)


@router.get("/.well-known/openid-configuration")
async def discovery(settings: BuiltIn) -> dict[str, Any]:
    """Where everything is (OpenID Connect Discovery)."""
    issuer = issuer_of(settings)
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + "/authorize",
        "token_endpoint": issuer + "/token",
        "userinfo_endpoint": issuer + "/userinfo",
        "jwks_uri": issuer + "/jwks",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "none"],
        "scopes_supported": ["openid", "profile"],
        "claims_supported": ["sub", "preferred_username", "name", "auth_time", "amr", "nonce"],
        "authorization_response_iss_parameter_supported": True,
    }


@router.get("/jwks")
async def jwks(request: Request, settings: BuiltIn) -> dict[str, Any]:
    """The public keys."""
    async with runtime_of(request).database.sessions() as session, session.begin():
        return {"keys": await published_keys(session, settings)}


@router.get("/authorize")
async def authorize(request: Request, settings: BuiltIn) -> Response:
    """A client sends a person to log in; what is wrong with its call is said to it."""
    wanted = request.query_params
    asked = Asked(
        wanted.get("client_id", ""),
        wanted.get("redirect_uri", ""),
        wanted.get("state"),
        wanted.get("nonce"),
        wanted.get("code_challenge", ""),
    )
    is_known = (asked.client_id, asked.redirect_uri) == (
        settings.oidc_client_id,
        settings.public_url.rstrip("/") + CALLBACK,
    )
    if not is_known:
        return pages.refused_page("这个登录请求不是本平台发出的。")
    error = _wrong(request)
    if error is not None:
        return back(asked, settings, error=error)
    browser = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    answer = pages.password_page(
        write_form(Login(asked), browser=browser, settings=settings), settings
    )
    answer.set_cookie(
        COOKIE,
        browser,
        max_age=int(LOGIN_LIFETIME.total_seconds()),
        path=PATH,
        secure=settings.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/token")
async def token(request: Request, settings: BuiltIn, form: Annotated[Exchange, Form()]) -> Response:
    """Exchange a code for tokens (RFC 6749 4.1.3)."""
    if form.grant_type != "authorization_code":
        return _refused("unsupported_grant_type", "only authorization_code")
    is_client = hmac.compare_digest(form.client_id.encode(), settings.oidc_client_id.encode())
    secret = settings.oidc_client_secret.encode()
    if not is_client or not hmac.compare_digest(form.client_secret.encode(), secret):
        return _refused("invalid_client", "wrong client_id or client_secret")
    async with runtime_of(request).database.sessions() as session, session.begin():
        try:
            done = await redeem(
                session,
                settings,
                code=form.code,
                redirect_uri=form.redirect_uri,
                verifier=form.code_verifier,
            )
        except CodeRefused as error:
            return _refused("invalid_grant", str(error))
    body = {
        "access_token": done.access_token,
        "token_type": "Bearer",
        "expires_in": int(TOKEN_LIFETIME.total_seconds()),
        "scope": "openid",
        "id_token": done.id_token,
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


@router.get("/userinfo")
async def userinfo(request: Request, settings: BuiltIn) -> Response:
    """Who an access token speaks of."""
    _, given = get_authorization_scheme_param(request.headers.get("authorization"))
    async with runtime_of(request).database.sessions() as session:
        person = await person_of_access(session, settings, given)
    if person is None or not person.is_active:
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        return JSONResponse({"error": "invalid_token"}, status_code=401, headers=headers)
    return JSONResponse(claims_of(person), headers={"Cache-Control": "no-store"})


def back(asked: Asked, settings: Settings, **answer: str) -> Response:
    """Send the browser back to the client."""
    query = answer | {"iss": issuer_of(settings)}
    if asked.state is not None:
        query["state"] = asked.state
    return RedirectResponse(
        f"{asked.redirect_uri}?{urlencode(query)}", status_code=303, headers=HEADERS
    )


def _wrong(request: Request) -> str | None:
    """What is wrong with a call for a login, by OAuth's names (RFC 6749 4.1.2.1)."""
    wanted = request.query_params
    if wanted.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in wanted.get("scope", "").split():
        return "invalid_scope"
    if not all(one.isprintable() and len(one) <= ASKED_LENGTH_MAX for one in wanted.values()):
        return "invalid_request"
    if not wanted.get("code_challenge") or wanted.get("code_challenge_method") != "S256":
        return "invalid_request"
    if wanted.get("prompt") == "none":
        return "login_required"
    return None


def _refused(error: str, why: str) -> Response:
    body = {"error": error, "error_description": why}
    status = 401 if error == "invalid_client" else 400
    return JSONResponse(body, status_code=status, headers={"Cache-Control": "no-store"})
