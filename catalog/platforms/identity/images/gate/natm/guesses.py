# SPDX-License-Identifier: AGPL-3.0-or-later
"""Passwords that programs send each time: asked of the directory seldom, guessed slowly."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
import secrets

NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
GOOD_S = 30
# A program with an old password goes on sending it: that must not lock its owner out.
BAD_S = 300
# So many different wrong passwords of one member in so many seconds. slapd shuts the account for
# everybody at ten in 600, whoever tried them: the gate and the chat together stay below.
MOST_WRONG, WITHIN_S = 4, 600
# Where a member's program came in lately, strangers' guesses do not count against it.
HOME_S = 7 * 86400
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


def place(forwarded: str) -> str:
    """Where a request came from: what the edge saw last. With IPv6 a household has a network."""
    last = forwarded.rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(last)
    except ValueError:
        return ""
    if address.version == 6 and not address.ipv4_mapped:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return last


class Guesses:
    """What the directory said lately, and how often it was asked in vain."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(16)
        self._said: dict[bytes, tuple[float, bool]] = {}
        self._asked: dict[bytes, list[float]] = {}
        self._homes: dict[bytes, float] = {}

    def known(self, name: str, password: str, now: float) -> bool | None:
        """Whether it fitted when it was asked lately; None: ask."""
        ends, fitted = self._said.get(self._key(name, password), (0.0, False))
        return fitted if now < ends else None

    def begin(self, name: str, where: str, now: float) -> bytes | None:
        """What an asking is counted under; None: not now. It counts until it turns out right."""
        self._make_room(now)
        home = self._key(name, where, "home")
        count = home if now - self._homes.get(home, -HOME_S) < HOME_S else self._key(name, "", "")
        recent = [at for at in self._asked.get(count, []) if now - at < WITHIN_S]
        if len(recent) >= MOST_WRONG:
            return None
        self._asked[count] = [*recent, now]
        return count

    def end(self, count: bytes, name: str, where: str, password: str, fitted: bool | None,
            now: float) -> None:
        """What the directory said; None where it did not look at the password."""
        if fitted is not None:
            ends = now + (GOOD_S if fitted else BAD_S)
            self._said[self._key(name, password)] = (ends, fitted)
        if fitted is not False and self._asked.get(count):
            self._asked[count].pop()
        if fitted:
            home = self._key(name, where, "home")
            self._homes[home] = now
            # Whoever mistyped is forgiven: slapd does so too.
            self._asked.pop(home, None)

    def _make_room(self, now: float) -> None:
        if len(self._said) > MOST_KEPT:
            self._said.clear()
        if len(self._asked) > MOST_KEPT:
            self._asked = {one: at for one, at in self._asked.items()
                           if at and now - at[-1] < WITHIN_S}
        if len(self._homes) > MOST_KEPT:
            self._homes = dict(list(self._homes.items())[MOST_KEPT // 2:])

    def _key(self, name: str, text: str, kind: str = "password") -> bytes:
        words = f"{kind}\0{name}\0{text}".encode()
        return hashlib.blake2b(words, key=self._salt).digest()
