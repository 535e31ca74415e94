"""What is answered where a call is too large, too slow, or one too many (F8)."""

from fastapi import Response

from shared.problems import Problem


class BodyTooSlow(Problem):
    """The body did not arrive in time."""

    status = 408
    code = "body_too_slow"
    detail = "请求内容未在规定时间内到齐，请检查网络后重新提交。"
    closes = True


class HeadersTooLarge(Problem):
    """There are too many headers, or they are too large."""

    status = 431
    code = "headers_too_large"
    detail = "请求头过多或过大。"


class TooManyRequests(Problem):
    """More calls came from here than are taken at this pace."""

    status = 429
    code = "too_many_requests"
    detail = "请求过于频繁，请稍后再试。"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"请求过于频繁，请 {seconds} 秒后再试。")
        self.seconds = seconds

    def response(self) -> Response:
        """The problem, with when to come again."""
        response = super().response()
        response.headers["Retry-After"] = str(self.seconds)
        return response


class Overloaded(Problem):
    """More calls are at work here than can be taken."""

    status = 503
    code = "overloaded"
    detail = "系统繁忙，请稍后重试。"
    retry_after_seconds = 2


class AnswerTooSlow(Problem):
    """The answer took too long; the call may or may not have had its effect."""

    status = 503
    code = "answer_too_slow"
    detail = "系统未能按时完成处理；请稍后用相同的 Idempotency-Key 重试。"
    retry_after_seconds = 5
