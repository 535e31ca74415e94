"""Why a signature does not open the door: each reason its own problem."""

from shared.problems import Problem


class SignatureMissing(Problem):
    """The signature is absent, unreadable, or does not cover what it must."""

    status = 401
    code = "signature_missing"
    detail = "缺少签名，或签名未覆盖必需的内容。"


class SignatureWrong(Problem):
    """The signature was not made with this key over this request."""

    status = 401
    code = "signature_wrong"
    detail = "签名与请求不符：请核对密钥，以及签名之后方法、地址、查询参数是否被改动。"


class DigestWrong(Problem):
    """The body is not the one that was signed."""

    status = 401
    code = "digest_wrong"
    detail = "请求内容与 Content-Digest 不符。"


class SignatureOld(Problem):
    """The signature was made too long ago."""

    status = 401
    code = "signature_old"
    detail = "签名已过期；请校准时钟，重发时重新签名。"


class SignatureEarly(Problem):
    """The signature's time lies in the future."""

    status = 401
    code = "signature_early"
    detail = "签名时间晚于当前时间；请校准时钟。"


class NonceUsed(Problem):
    """This nonce was used before."""

    status = 401
    code = "nonce_used"
    detail = "该请求此前已收到过（nonce 重复）；重发时请换用新的 nonce 重新签名。"


class KeyUnknown(Problem):
    """No peer has registered this key."""

    status = 401
    code = "key_unknown"
    detail = "没有登记这个密钥编号。"


class KeyExpired(Problem):
    """The key is not valid at this time."""

    status = 401
    code = "key_expired"
    detail = "密钥不在有效期内。"


class KeyRevoked(Problem):
    """The key was revoked."""

    status = 401
    code = "key_revoked"
    detail = "密钥已吊销。"


class PeerInactive(Problem):
    """The peer is not active."""

    status = 403
    code = "peer_inactive"
    detail = "该平台已停用。"
