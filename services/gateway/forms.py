"""Pages that people fill in: plain HTML that needs no script and loads nothing."""

import base64
import hashlib
from html import escape

from fastapi.responses import HTMLResponse

STYLE = """body{font:1.1rem/1.6 sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem;
color:#111;background:#fff}label{display:block;margin-top:1rem}
input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #555}
button{font:inherit;margin-top:1.5rem;padding:.6rem 2rem;background:#06c;color:#fff;border:0}
:focus{outline:3px solid #f80}[role=alert]{border-left:.4rem solid #b00;padding-left:.8rem}
code{font-size:1.1rem;overflow-wrap:anywhere}"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title} - 12345 政务服务便民热线</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style></head>
<body><main><h1>{title}</h1>
{wrong}{body}</main></body></html>"""
WRONG = '<p role="alert">{}</p>\n'


def page(title: str, body: str, *, wrong: str = "", status: int = 200) -> HTMLResponse:
    """A page; `body` is HTML, `title` and `wrong` are text."""
    shown = PAGE.format(
        title=escape(title),
        style=STYLE,
        wrong=WRONG.format(escape(wrong)) if wrong else "",
        body=body,
    )
    return HTMLResponse(shown, status_code=status, headers=HEADERS)


def hidden(name: str, value: str) -> str:
    """A field that carries something along."""
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
