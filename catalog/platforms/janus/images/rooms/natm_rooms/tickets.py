# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tickets that let one person's browser open a room's two web sockets, once each, soon.

Signed with the installation's key and something of this very run: after a restart, when nobody
remembers which tickets were used, none of before is good.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

SECONDS = 60
KINDS = ("live", "janus")
MOST_USED = 20_000


@dataclass(frozen=True)
class Ticket:
    """What a good ticket says."""

    room: str
    person: str
    number: str


class Tickets:
    """Makes tickets and takes them back."""

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._key = hashlib.sha256(key + secrets.token_bytes(16)).digest()
        self._clock = clock
        self._used: OrderedDict[tuple[str, str], float] = OrderedDict()

    def make(self, room: str, person: str, device: str) -> str:
        """A ticket for this person, in this room, on this device."""
        body = json.dumps({"r": room, "p": person, "n": secrets.token_hex(8),
                           "e": int(self._clock()) + SECONDS}).encode()
        return f"{_text(body)}.{_text(self._sign(body, device))}"

    def use(self, text: str, kind: str, room: str, device: str) -> Ticket | None:
        """What the ticket says, once; None where it is not good for this."""
        try:
            body, signature = (_bytes(part) for part in text[:600].split("."))
        except ValueError:
            return None
        if not hmac.compare_digest(signature, self._sign(body, device)):
            return None
        said = json.loads(body)
        now = self._clock()
        used = (said["n"], kind)
        if said["r"] != room or said["e"] < now or kind not in KINDS or used in self._used:
            return None
        self._forget(now)
        self._used[used] = said["e"]
        return Ticket(said["r"], said["p"], said["n"])

    def _sign(self, body: bytes, device: str) -> bytes:
        return hmac.digest(self._key, body + b"\0" + device.encode(), "sha256")

    def _forget(self, now: float) -> None:
        """Those that would be too old anyway; tickets come in order of time."""
        while self._used and (next(iter(self._used.values())) < now
                              or len(self._used) > MOST_USED):
            self._used.popitem(last=False)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
