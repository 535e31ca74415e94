"""The forms of a login over HTTP: each leads to the next, the last back to the client."""

import re
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.issuer import operations, pages
from services.gateway.issuer.api import BuiltIn, back
from services.gateway.issuer.forms import COOKIE, FormRefused, Login, read_form, write_form
from services.gateway.issuer.operations import Account
from services.gateway.issuer.passwords import OF_NOBODY, hash_password, is_password
from services.gateway.issuer.rules import Stage, wrong_password
from services.gateway.issuer.second_factor import address_of
from services.gateway.issuer.tokens import PATH, make_code
from services.gateway.people.rules import WORK_NUMBER_PATTERN
from shared.service import runtime_of
from shared.settings import Settings

OLD = "这个登录页面已过期，请重新登录。"
Token = Annotated[str, Form(max_length=4096)]
Typed = Annotated[str, Form(max_length=200)]
router = APIRouter(prefix=PATH, include_in_schema=False)


@router.post("/login")
async def log_in(
    request: Request, settings: BuiltIn, form: Token, work_number: Typed, password: Typed
) -> Response:
    """Work number and password."""
    login = _read(request, settings, form)
    if login is None:
        return pages.refused_page(OLD)
    runtime, tried, number = runtime_of(request), None, work_number.strip().upper()
    if re.fullmatch(WORK_NUMBER_PATTERN, number):
        async with runtime.database.sessions() as session, session.begin():
            tried = await operations.begin_password(session, number, settings)
    hashed = OF_NOBODY if tried is None else tried.password_hash
    is_right = await is_password(hashed, password)
    if tried is not None:
        async with runtime.database.sessions() as session, session.begin():
            if is_right:
                account = await operations.pass_password(
                    session, tried.person_id, version=tried.version
                )
                if account is not None:
                    begun = login._replace(person_id=tried.person_id, methods=("pwd",))
                    return await _go_on(request, session, account, begun)
            else:
                await operations.note_failure(session, tried.person_id, version=tried.version)
    return pages.password_page(_write(request, settings, login), settings, is_wrong=True)


@router.post("/code")
async def give_code(request: Request, settings: BuiltIn, form: Token, code: Typed) -> Response:
    """The second factor."""
    login = _read(request, settings, form)
    if login is None or login.person_id is None:
        return pages.refused_page(OLD)
    async with runtime_of(request).database.sessions() as session, session.begin():
        account = await _account(session, login)
        if account is None or account.credential.code_secret_confirmed_at is None:
            return pages.refused_page(OLD)
        kind = await operations.try_code(session, account, code.strip(), settings)
        if kind is None:
            return pages.code_page(_write(request, settings, login), is_wrong=True)
        passed = login._replace(passed=(*login.passed, Stage.CODE), methods=(*login.methods, kind))
        return await _go_on(request, session, account, passed)


@router.post("/password")
async def choose_password(
    request: Request, settings: BuiltIn, form: Token, password: Typed, again: Typed
) -> Response:
    """A new password, where the old one must be changed."""
    login = _read(request, settings, form)
    if login is None or login.person_id is None:
        return pages.refused_page(OLD)
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session, session.begin():
        account = await _account(session, login)
        if account is None or await _stage(session, account, login, settings) is not Stage.CHANGE:
            return pages.refused_page(OLD)
    wrong = await _wrong(account, password, again, settings)
    if wrong is not None:
        return pages.change_page(_write(request, settings, login), settings, wrong=wrong)
    hashed = await hash_password(password)
    async with runtime.database.sessions() as session, session.begin():
        account = await _account(session, login)
        if account is None:
            return pages.refused_page(OLD)
        await operations.change_password(session, account, hashed, settings)
        return await _go_on(request, session, account, login)


@router.post("/enrol")
async def enrol(request: Request, settings: BuiltIn, form: Token, code: Typed) -> Response:
    """The first code of a new authenticator."""
    login = _read(request, settings, form)
    if login is None or login.person_id is None:
        return pages.refused_page(OLD)
    async with runtime_of(request).database.sessions() as session, session.begin():
        account = await _account(session, login)
        if (
            account is None
            or account.credential.code_secret is None
            or await _stage(session, account, login, settings) is not Stage.ENROL
        ):
            return pages.refused_page(OLD)
        kind = await operations.try_code(session, account, code.strip(), settings)
        if kind != "otp":
            return await _enrolling(request, session, account, login, is_wrong=True)
        codes = await operations.confirm_enrolment(session, account)
        passed = login._replace(passed=(*login.passed, Stage.ENROL), methods=(*login.methods, kind))
        return pages.recovery_page(_write(request, settings, passed), codes)


@router.post("/continue")
async def go_on(request: Request, settings: BuiltIn, form: Token) -> Response:
    """The recovery codes were copied."""
    login = _read(request, settings, form)
    if login is None or login.person_id is None:
        return pages.refused_page(OLD)
    async with runtime_of(request).database.sessions() as session, session.begin():
        account = await _account(session, login)
        if account is None:
            return pages.refused_page(OLD)
        return await _go_on(request, session, account, login)


async def _go_on(
    request: Request, session: AsyncSession, account: Account, login: Login
) -> Response:
    settings = runtime_of(request).settings
    login = login._replace(version=account.credential.version)
    stage = await _stage(session, account, login, settings)
    if stage is Stage.CODE:
        return pages.code_page(_write(request, settings, login))
    if stage is Stage.CHANGE:
        return pages.change_page(_write(request, settings, login), settings)
    if stage is Stage.ENROL:
        return await _enrolling(request, session, account, login)
    methods = login.methods if len(login.methods) == 1 else (*login.methods, "mfa")
    code = await make_code(session, account.person, login.asked, methods=methods)
    return back(login.asked, settings, code=code)


async def _enrolling(
    request: Request,
    session: AsyncSession,
    account: Account,
    login: Login,
    *,
    is_wrong: bool = False,
) -> Response:
    settings = runtime_of(request).settings
    secret = await operations.begin_enrolment(session, account, settings)
    address = address_of(secret, account.person.work_number)
    return pages.enrol_page(_write(request, settings, login), secret, address, is_wrong=is_wrong)


async def _stage(
    session: AsyncSession, account: Account, login: Login, settings: Settings
) -> Stage:
    return await operations.stage_of(session, account, settings, passed=login.passed)


async def _account(session: AsyncSession, login: Login) -> Account | None:
    assert login.person_id is not None, "the password was right"
    return await operations.find_account(session, login.person_id, version=login.version)


async def _wrong(account: Account, password: str, again: str, settings: Settings) -> str | None:
    if password != again:
        return "两次输入的口令不一致"
    wrong = wrong_password(
        password,
        work_number=account.person.work_number,
        length_min=settings.password_length_min,
    )
    if wrong is not None:
        return wrong
    past = [account.credential.password_hash, *account.credential.past_hashes]
    for hashed in past[: settings.passwords_kept]:
        if await is_password(hashed, password):
            return f"不得与最近 {settings.passwords_kept} 个口令相同"
    return None


def _read(request: Request, settings: Settings, form: str) -> Login | None:
    try:
        return read_form(form, browser=request.cookies.get(COOKIE), settings=settings)
    except FormRefused:
        return None


def _write(request: Request, settings: Settings, login: Login) -> str:
    return write_form(login, browser=request.cookies[COOKIE], settings=settings)
