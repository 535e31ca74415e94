"""The forms of a login, in Chinese."""

from collections.abc import Sequence
from html import escape

from fastapi.responses import HTMLResponse

from services.gateway.forms import hidden, page
from shared.settings import Settings

CODE_FIELD = """<label for="code">{label}</label>
<input id="code" name="code" autocomplete="one-time-code" required autofocus maxlength="32">
<button>{button}</button></form>"""


def password_page(form: str, settings: Settings, *, is_wrong: bool = False) -> HTMLResponse:
    """Work number and password. What was wrong is never told apart."""
    wrong = (
        f"工号或口令不正确，或账号已停用、锁定。连续错误 {settings.login_failures_max} 次，"
        f"账号锁定 {settings.login_lock_minutes:g} 分钟。"
    )
    body = f"""<form method="post" action="/oidc/login">{hidden("form", form)}
<label for="work_number">工号</label>
<input id="work_number" name="work_number" autocomplete="username" required autofocus
 maxlength="32">
<label for="password">口令</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
 maxlength="200">
<button>登录</button></form>"""
    return page("登录", body, wrong=wrong if is_wrong else "", status=401 if is_wrong else 200)


def code_page(form: str, *, is_wrong: bool = False) -> HTMLResponse:
    """The second factor."""
    field = CODE_FIELD.format(
        label="验证码（身份验证器上的 6 位数字），或一个恢复码", button="继续"
    )
    body = f'<form method="post" action="/oidc/code">{hidden("form", form)}{field}'
    wrong = "验证码不正确、已用过，或账号已锁定。" if is_wrong else ""
    return page("第二因素", body, wrong=wrong, status=401 if is_wrong else 200)


def change_page(form: str, settings: Settings, *, wrong: str = "") -> HTMLResponse:
    """A new password of one's own."""
    body = f"""<p>一次性口令和到期的口令须先更换。
新口令至少 {settings.password_length_min} 个字符，含大写字母、小写字母、数字、其他符号中的至少三类，
不得与最近 {settings.passwords_kept} 个口令相同。</p>
<form method="post" action="/oidc/password">{hidden("form", form)}
<label for="password">新口令</label>
<input id="password" name="password" type="password" autocomplete="new-password" required
 autofocus maxlength="200">
<label for="again">再输入一遍</label>
<input id="again" name="again" type="password" autocomplete="new-password" required
 maxlength="200">
<button>更换口令</button></form>"""
    return page("更换口令", body, wrong=wrong, status=422 if wrong else 200)


def enrol_page(form: str, secret: str, address: str, *, is_wrong: bool = False) -> HTMLResponse:
    """An authenticator to register."""
    grouped = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
    field = CODE_FIELD.format(label="输入它显示的 6 位验证码", button="登记")
    body = f"""<p>您的角色须使用第二因素。请在手机或专用设备的身份验证器（TOTP）中添加此密钥：</p>
<p><code id="secret">{escape(grouped)}</code></p>
<p>或打开：<a id="address" href="{escape(address)}"><code>{escape(address)}</code></a></p>
<form method="post" action="/oidc/enrol">{hidden("form", form)}{field}"""
    wrong = "验证码不正确。请删除刚才添加的条目，按新的密钥重新添加。" if is_wrong else ""
    return page("登记第二因素", body, wrong=wrong, status=401 if is_wrong else 200)


def recovery_page(form: str, codes: Sequence[str]) -> HTMLResponse:
    """The recovery codes, shown once."""
    listed = "".join(f"<li><code>{one}</code></li>" for one in codes)
    body = f"""<p>设备遗失时，每个恢复码可代替验证码使用一次。
请现在抄录并妥善保管，以后不再显示：</p>
<ul>{listed}</ul>
<form method="post" action="/oidc/continue">{hidden("form", form)}
<button>已抄录，继续</button></form>"""
    return page("恢复码", body)


def refused_page(why: str) -> HTMLResponse:
    """A login that cannot go on."""
    return page("无法登录", '<p><a href="/auth/login">重新登录</a></p>', wrong=why, status=400)
