# SPDX-License-Identifier: AGPL-3.0-or-later
"""For Radicale: its own page, for somebody who has signed in already."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import Any

from radicale import httputils, web

SCRIPT = Path(__file__).with_name("natm.js")
HEAD = b"</head>"


class Web(web.BaseWeb):  # type: ignore[misc]
    """The page knows who it is for, and asks for no password."""

    def get(self, _environ: dict[str, Any], base_prefix: str, path: str, user: str) -> Any:
        """A file of the page; into the page itself go the name and a small script of ours."""
        if path == "/.web/natm.js":
            return 200, {"Content-Type": "text/javascript"}, SCRIPT.read_bytes()
        status, headers, body = httputils.serve_resource(
            "radicale.web", "internal_data", base_prefix, path)
        if status == 200 and HEAD in body:
            body = body.replace(HEAD, _told(user).encode() + HEAD, 1)
            headers["Cache-Control"] = "no-store"
        return status, headers, body


def _told(user: str) -> str:
    out = escape(os.environ.get("SIGN_OUT", "/"))
    return (f'<meta name="natm-user" content="{escape(user)}">'
            f'<meta name="natm-sign-out" content="{out}"><script src="natm.js"></script>')
