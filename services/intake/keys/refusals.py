"""Why something sealed stays shut."""

from shared.problems import Problem


class KeyUnavailable(Problem):
    """What was asked for is sealed with a key that this process cannot get."""

    status = 503
    code = "key_unavailable"
    detail = "加密密钥不可用，请系统管理员核对主密钥及其版本（IDENTITY_KEY、IDENTITY_KEYS_OTHER）。"
    retry_after_seconds = 60


class BadSeal(Problem):
    """What is kept sealed was changed or moved, so it is not shown."""

    status = 500
    code = "bad_seal"
    detail = "密文校验未通过，内容可能被改动，已拒绝显示；请联系安全管理员。"
