# SPDX-License-Identifier: AGPL-3.0-or-later
"""For Radicale: who it is, the edge says, and nobody else is believed."""

from __future__ import annotations

import os
from typing import Any

from radicale import auth

EDGE = os.environ.get("EDGE_ADDRESS", "")


class Auth(auth.BaseAuth):  # type: ignore[misc]
    """Takes the name from the header that the edge alone may send."""

    def get_external_login(self, environ: dict[str, Any]) -> tuple[str, str]:
        """The member's name, or nobody; never nothing, else Radicale would ask for a password."""
        if not EDGE or environ.get("REMOTE_ADDR") != EDGE:
            return "", ""
        return environ.get("HTTP_REMOTE_USER", ""), ""

    def _login(self, login: str, _password: str) -> str:
        return login
