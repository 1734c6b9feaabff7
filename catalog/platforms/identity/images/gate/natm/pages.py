# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gate's own pages: a sentence and a way on. No script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from aiohttp import web
from words import WORDS, language

STYLE = """
body { font: 1.1rem/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid;
  place-items: center; background: #f6f5f1; color: #222; }
main { max-width: 28rem; padding: 2rem 1.5rem; text-align: center; }
h1 { font-size: 1.2rem; font-weight: 600; }
a, button { display: inline-block; margin: .5rem; padding: .7rem 1.4rem; border: 0;
  border-radius: .4rem; background: #1d5c4d; color: #fff; font: inherit;
  text-decoration: none; cursor: pointer; }
a:focus-visible, button:focus-visible { outline: 3px solid #e0a100; outline-offset: 2px; }
@media (prefers-color-scheme: dark) {
  body { background: #1b1d1c; color: #eee; } a, button { background: #9fd8c6; color: #10241e; } }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; "
          "form-action 'self' https:; frame-ancestors 'none'")


def page(request: web.Request, title: str, key: str, links: list[tuple[str, str]],
         *, status: int = 200, button: tuple[str, str] | None = None) -> web.Response:
    """One sentence by its key, with links (address, key) or a button (address, key) below."""
    code = language(request.headers.get("Accept-Language", ""))
    words = WORDS[code]
    ways = "".join(f'<a href="{escape(to)}">{escape(words[name])}</a>' for to, name in links)
    if button:
        ways = (f'<form method="post" action="{escape(button[0])}"><button>'
                f'{escape(words[button[1]])}</button></form>') + ways
    text = (f'<!doctype html><html lang="{code}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<meta name="robots" content="noindex"><title>{escape(title)}</title>'
            f'<style>{STYLE}</style></head><body><main><h1>{escape(title)}</h1>'
            f'<p>{escape(words[key])}</p><p>{ways}</p></main></body></html>')
    return web.Response(text=text, status=status, content_type="text/html", headers={
        "Content-Security-Policy": POLICY, "Cache-Control": "no-store",
        "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"})
