# SPDX-License-Identifier: AGPL-3.0-or-later
"""The links in letters for a lost password: nothing of them is kept."""

from __future__ import annotations

from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

SALT = "natm-lost-password"
LASTS_S = 1800


def link(key: str, name: str, password_since: str) -> str:
    """What stands in the letter. It is worth nothing once the password is another one."""
    return _signer(key).dumps([name, password_since])


def told(key: str, token: str) -> tuple[str, str] | None:
    """Whose link that is, and from when their password is; None for one that has ended."""
    try:
        name, since = _signer(key).loads(token, max_age=LASTS_S)
    except (BadData, ValueError, TypeError):
        return None
    return str(name), str(since)


def _signer(key: str) -> Any:
    return URLSafeTimedSerializer(key, salt=SALT)
