# SPDX-License-Identifier: AGPL-3.0-or-later
"""A note a browser keeps for us while somebody signs in: readable to them, changeable by nobody."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json


def seal(note: dict[str, str], key: str, ends: int) -> str:
    """The note with its end and a signature over both."""
    body = base64.urlsafe_b64encode(json.dumps({**note, "ends": str(ends)}).encode()).decode()
    return f"{body}.{_signature(body, key)}"


def unseal(text: str, key: str, now: int) -> dict[str, str] | None:
    """The note, if we wrote it and its time is not over."""
    body, _, signature = text.partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(body, key).encode()):
        return None
    try:
        note: dict[str, str] = json.loads(base64.urlsafe_b64decode(body))
        return note if now < int(note.pop("ends")) else None
    except (binascii.Error, ValueError, KeyError):
        return None


def _signature(body: str, key: str) -> str:
    return hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()
