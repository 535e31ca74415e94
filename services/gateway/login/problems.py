"""Why a login fails, each with its own code."""

from shared.problems import NotAllowed, Problem, Unauthenticated

AGAIN = "请重新登录；如仍不成功，请联系系统管理人员。"


class BadState(Problem):
    """This answer belongs to no login that was begun in this browser."""

    status = 400
    code = "bad_state"
    detail = "登录请求与本浏览器不符或已过期。" + AGAIN


class LoginRefused(Unauthenticated):
    """The issuer refused the login."""

    code = "login_refused"
    detail = "身份服务拒绝了登录。" + AGAIN


class CodeRefused(Unauthenticated):
    """The issuer gives no token for this code."""

    code = "code_refused"
    detail = "身份服务不接受登录代码（已用过、已过期或不属于本次登录）。" + AGAIN


class BadIdToken(Unauthenticated):
    """The ID token is not in order."""

    code = "bad_id_token"
    detail = "身份令牌格式有误或缺少内容。" + AGAIN


class BadIdTokenSignature(Unauthenticated):
    """The ID token is not signed with a key of the issuer."""

    code = "bad_id_token_signature"
    detail = "身份令牌的签名无效。" + AGAIN


class BadIdTokenAlgorithm(Unauthenticated):
    """The ID token is not signed, or with an algorithm that is not accepted."""

    code = "bad_id_token_algorithm"
    detail = "身份令牌没有签名，或签名算法不被接受。" + AGAIN


class BadIdTokenIssuer(Unauthenticated):
    """The ID token, or the answer, names another issuer."""

    code = "bad_id_token_issuer"
    detail = "身份令牌的签发者不符。" + AGAIN


class BadIdTokenAudience(Unauthenticated):
    """The ID token is for another client."""

    code = "bad_id_token_audience"
    detail = "身份令牌不是签发给本平台的。" + AGAIN


class IdTokenExpired(Unauthenticated):
    """The ID token is no longer good, or not yet."""

    code = "id_token_expired"
    detail = "身份令牌已过期或尚未生效，请检查服务器时钟。" + AGAIN


class BadNonce(Unauthenticated):
    """The ID token was made for another login."""

    code = "bad_nonce"
    detail = "身份令牌不属于本次登录。" + AGAIN


class UnknownPerson(NotAllowed):
    """The issuer knows this person, the platform does not."""

    code = "unknown_person"
    detail = "您的账号尚未在本平台登记工号，或工号已绑定其他账号，请联系系统管理人员。"


class KeptOut(NotAllowed):
    """This person was let go, or is locked."""

    code = "kept_out"
    detail = "您的工号已停用或被锁定，请联系安全管理人员。"


class IssuerUnavailable(Problem):
    """The issuer does not answer as it should."""

    status = 503
    code = "issuer_unavailable"
    detail = "身份服务暂时不可用，请稍后重试。"
    retry_after_seconds = 5
