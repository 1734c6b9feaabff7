# SPDX-License-Identifier: AGPL-3.0-or-later
"""Passwords that programs send each time: asked of the directory seldom, guessed slowly."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets

NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
GOOD_S = 30
# A program with an old password goes on sending it: that must not lock its owner out.
BAD_S = 300
# So many different wrong passwords of one member in so many seconds; slapd locks at ten in 600.
MOST_WRONG, WITHIN_S = 6, 60
MOST_KEPT = 5000


def basic(header: str) -> tuple[str, str] | None:
    """Name and password out of an Authorization header."""
    kind, _, rest = header.partition(" ")
    if kind.lower() != "basic" or len(rest) > 1000:
        return None
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, colon, password = text.partition(":")
    # An empty password would be a bind without one, which some directories take for a yes.
    return (name, password) if colon and NAME.fullmatch(name) and password else None


class Guesses:
    """What the directory said lately."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(16)
        self._said: dict[bytes, tuple[float, bool]] = {}
        self._wrong: dict[str, list[float]] = {}

    def known(self, name: str, password: str, now: float) -> bool | None:
        """Whether it fitted when it was asked lately; None: ask."""
        ends, fitted = self._said.get(self._key(name, password), (0.0, False))
        return fitted if now < ends else None

    def may_ask(self, name: str, now: float) -> bool:
        """Whether another password of this member may be tried now."""
        recent = [at for at in self._wrong.get(name, []) if now - at < WITHIN_S]
        return len(recent) < MOST_WRONG

    def remember(self, name: str, password: str, fitted: bool, now: float) -> None:
        """What the directory said just now."""
        if len(self._said) > MOST_KEPT or len(self._wrong) > MOST_KEPT:
            self._said.clear()
            self._wrong = {one: at for one, at in self._wrong.items() if now - at[-1] < WITHIN_S}
        self._said[self._key(name, password)] = (now + (GOOD_S if fitted else BAD_S), fitted)
        if not fitted:
            recent = [at for at in self._wrong.get(name, []) if now - at < WITHIN_S]
            self._wrong[name] = [*recent, now]

    def forget(self) -> None:
        """Ask anew for everyone."""
        self._said.clear()

    def _key(self, name: str, password: str) -> bytes:
        return hashlib.blake2b(f"{name}\0{password}".encode(), key=self._salt).digest()
