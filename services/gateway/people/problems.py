"""What people are told when a session does not let them in."""

from shared.problems import NotAllowed, Problem, Unauthenticated


class SessionOver(Unauthenticated):
    """This session is over."""

    code = "session_over"
    detail = "登录已失效（超时、已退出或权限有变化），请重新登录。"


class NoRoleChosen(NotAllowed):
    """Several roles are held and none is chosen."""

    code = "no_role_chosen"
    detail = "您有多个岗位，请先选择本次使用的岗位（POST /v1/sessions/choose）。"


class CrossSite(Problem):
    """This call was started by another site's page."""

    status = 403
    code = "cross_site"
    detail = "请求来自其他网站的页面，已拒绝。请在本平台的页面上操作，或改用令牌调用。"


class NotApart(Problem):
    """System, security and audit administration are kept apart."""

    status = 409
    code = "not_apart"
    detail = (
        "系统管理、安全管理、审计管理不得由同一人兼任，每人只能有其中一个岗位；请先撤销原岗位。"
    )


class NotYourself(Problem):
    """Nobody changes their own rights."""

    status = 409
    code = "not_yourself"
    detail = "不得为自己授予或撤销角色、解锁或重置口令，请由另一名管理人员办理。"


class WorkNumberTaken(Problem):
    """Somebody has this work number, or had it."""

    status = 409
    code = "work_number_taken"
    detail = "该工号已有人使用。工号一人一号，停用后也不再分配给他人。"


class ForeignIssuer(Problem):
    """Passwords are another issuer's business."""

    status = 409
    code = "foreign_issuer"
    detail = "登录由外部身份服务负责，口令和第二因素请在那里办理。"
