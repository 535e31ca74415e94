"""Errors that people and programs see: RFC 9457, with a stable code and the field named.

A problem's docstring is its title in English; `detail` is for people, in Chinese.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.problem_body import FieldError as FieldError
from shared.problem_body import ProblemBody as ProblemBody
from shared.telemetry import log

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    detail: str = "系统内部错误，请稍后再试。"
    retry_after_seconds: ClassVar[int | None] = None
    closes: ClassVar[bool] = False
    """Whether the connection ends with the answer: what else it carries is not waited for."""

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Iterable[FieldError] = (),
        allowed: Iterable[str] | None = None,
    ) -> None:
        super().__init__(detail or self.detail)
        self.detail = detail or self.detail
        self.errors = list(errors)
        self.allowed = None if allowed is None else list(allowed)

    def body(self) -> dict[str, Any]:
        """The problem as RFC 9457 wants it."""
        body: dict[str, Any] = {
            "type": f"urn:12345:problem:{self.code}",
            "title": (self.__doc__ or "").strip().splitlines()[0],
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": [error.model_dump() for error in self.errors],
        }
        if self.allowed is not None:
            body["allowed"] = self.allowed
        return body

    def response(self) -> Response:
        """The problem as an answer."""
        headers = {}
        if self.retry_after_seconds is not None:
            headers["Retry-After"] = str(self.retry_after_seconds)
        if self.closes:
            headers["Connection"] = "close"
        return Response(
            orjson.dumps(self.body()),
            status_code=self.status,
            media_type=MEDIA_TYPE,
            headers=headers,
        )


class Malformed(Problem):
    """The request does not have the form that is asked for."""

    status = 422
    code = "malformed"
    detail = "请求内容有误，请按 errors 中的提示修改后重新提交。"


class Unauthenticated(Problem):
    """Nobody is known by this token."""

    status = 401
    code = "unauthenticated"
    detail = "请先登录，或换用有效的令牌。"


class BadSignature(Problem):
    """The signature does not open this door."""

    status = 401
    code = "bad_signature"
    detail = "签名无效、已过期或已用过；请核对来源代码和密钥，重发时重新签名。"


class NotAllowed(Problem):
    """This role may not do this."""

    status = 403
    code = "not_allowed"
    detail = "您的角色无权进行此操作。"


class NotFound(Problem):
    """There is nothing here that is yours."""

    status = 404
    code = "not_found"
    detail = "未找到，或不在您的权限范围内。"


class ActRefused(Problem):
    """The ticket's state does not allow this act."""

    status = 409
    code = "act_refused"
    detail = "工单当前状态不允许此操作。"


class TooLarge(Problem):
    """The body is larger than is allowed."""

    status = 413
    code = "too_large"
    detail = "提交的内容过大。"


class LengthRequired(Problem):
    """An upload must say its length before it begins."""

    status = 411
    code = "length_required"
    detail = "上传文件须带 Content-Length。"


class StillRunning(Problem):
    """The first call with this Idempotency-Key has not ended."""

    status = 409
    code = "still_running"
    detail = "相同 Idempotency-Key 的请求仍在处理，请稍后重试。"
    retry_after_seconds = 1


class KeyReused(Problem):
    """This Idempotency-Key came before with another body."""

    status = 422
    code = "idempotency_key_reused"
    detail = "该 Idempotency-Key 已用于另一份内容，请更换。"


class TooManyTries(Problem):
    """Too many wrong codes were tried, here or from there."""

    status = 429
    code = "too_many_tries"
    detail = "尝试次数过多，请稍后再试。"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"尝试次数过多，请 {seconds} 秒后再试。")
        self.seconds = seconds

    def response(self) -> Response:
        """The problem, with when to come again."""
        response = super().response()
        response.headers["Retry-After"] = str(self.seconds)
        return response


class NotHeardYet(Problem):
    """This service has not heard yet what you have seen."""

    status = 503
    code = "not_heard_yet"
    detail = "数据正在同步，请稍后重试。"
    retry_after_seconds = 1


class Unavailable(Problem):
    """A part of the platform does not answer."""

    status = 503
    code = "unavailable"
    detail = "服务暂时不可用，请稍后重试。"
    retry_after_seconds = 2


OF_WRITES = (Malformed, Unauthenticated, NotAllowed, NotFound, StillRunning, KeyReused)
"""What each call may answer that changes something."""
OF_ACTS = (*OF_WRITES, ActRefused, NotHeardYet)
"""What each act on a ticket may answer."""


def field_error(field: str, code: str, message: str) -> Malformed:
    """The problem of one wrong field."""
    return Malformed(errors=[FieldError(field=field, code=code, message=message)])


HTTP_DETAILS: dict[int, str] = {
    HTTPStatus.METHOD_NOT_ALLOWED: "此地址不支持该请求方法。",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "不支持这种内容格式。",
}
CHINESE_MESSAGES = {
    "missing": "缺少此项",
    "extra_forbidden": "没有此项，请删除或改正名称",
    "enum": "不在允许的取值之内：{expected}",
    "json_invalid": "不是有效的 JSON：{error}",
    "string_type": "应为文字",
    "string_too_short": "至少 {min_length} 个字",
    "string_too_long": "最多 {max_length} 个字",
    "string_pattern_mismatch": "格式不符：{pattern}",
    "timezone_aware": "时间须带时区，例如 2026-09-30T16:20+08:00",
    "out_of_range": "时间须在 1900 年至 2200 年之间",
    "datetime_from_date_parsing": "不是有效的时间，例如 2026-09-30T16:20+08:00",
    "datetime_parsing": "不是有效的时间，例如 2026-09-30T16:20+08:00",
    "uuid_parsing": "不是有效的编号",
    "bool_parsing": "应为 true 或 false",
    "int_parsing": "应为整数",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
    "model_attributes_type": "应为 JSON 对象",
    "model_type": "应为 JSON 对象",
    "value_error": "{error}",
    "masked": "这是脱敏后的内容，不能写回；请填写原文，或不填此项",
}


LOCATIONS = ("body", "query", "header", "path", "cookie")
"""Where FastAPI found a value; a model that is validated by itself names no such place."""


def field_errors(errors: Iterable[Any]) -> list[FieldError]:
    """Pydantic's errors as ours: the field by its path, the message in Chinese."""
    found = []
    for error in errors:
        path = [str(part) for part in error["loc"]]
        if error["type"] == "json_invalid":
            path = path[:1]
        elif len(path) > 1 and path[0] in LOCATIONS:
            path = path[1:]
        template = CHINESE_MESSAGES.get(error["type"])
        context = error.get("ctx", {})
        message = template.format(**context) if template else f"填写有误（{error['msg']}）"
        found.append(
            FieldError(field=".".join(path) or "body", code=error["type"], message=message)
        )
    return found


def install(app: FastAPI) -> None:
    """Answer every failure of an app as a problem."""

    async def on_problem(_: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)
        return problem.response()

    async def on_malformed(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return Malformed(errors=field_errors(error.errors())).response()

    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = _http_problem(error.status_code).response()
        response.headers.update(error.headers or {})
        return response

    async def on_failure(request: Request, error: Exception) -> Response:
        log.error("request_failed", path=request.scope.get("path"), exc_info=error)
        return Problem().response()

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_malformed)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_failure)


def _http_problem(status: int) -> Problem:
    if status == HTTPStatus.NOT_FOUND:
        return NotFound()
    if status == HTTPStatus.BAD_REQUEST:  # the framework's word for a body that it cannot decode
        return field_error("body", "unreadable", "内容无法读取：应为 UTF-8 编码，格式完整")
    phrase = HTTPStatus(status).phrase
    problem = Problem(HTTP_DETAILS.get(status, f"请求未被接受（{phrase}）。"))
    problem.status, problem.code = status, HTTPStatus(status).name.lower()  # type: ignore[misc]
    problem.__doc__ = phrase
    return problem
