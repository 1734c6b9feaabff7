# SPDX-License-Identifier: AGPL-3.0-or-later
"""Links by which a steward lets a guest into a room for a while, and who may come in at all.

Signed with the installation's key, so nothing is kept of them. A room counts how often its links
were taken back; one from before the last time is worth nothing.
"""

from __future__ import annotations

import base64
import hmac
import time
from typing import Any

from .errors import Refused
from .store import INVITED, OPEN, Room

SHORTEST_HOURS, USUAL_HOURS, LONGEST_HOURS = 1, 24, 30 * 24
LONGEST = 80


class Invites:
    """Makes guests' links and looks at them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, room: Room, hours: Any) -> tuple[str, int]:
        """What stands in the link, and when it ends."""
        if type(hours) is not int or not SHORTEST_HOURS <= hours <= LONGEST_HOURS:
            raise Refused(400, "bad_request")
        ends = int(time.time()) + hours * 3600
        return f"{ends}.{self._sign(room, ends)}", ends

    def good(self, room: Room, invite: Any) -> bool:
        """Whether this lets a guest into the room now."""
        if not isinstance(invite, str) or len(invite) > LONGEST or not invite.isascii():
            return False
        ends, _, signature = invite.partition(".")
        if not ends.isdigit() or len(ends) > 12:
            return False
        right = hmac.compare_digest(signature, self._sign(room, int(ends)))
        return right and int(ends) > time.time()

    def refuse_guest(self, room: Room, invite: Any) -> None:
        """Refuse a guest whom this room does not let in."""
        if room.guests == OPEN or (room.guests == INVITED and self.good(room, invite)):
            return
        if room.guests == INVITED:
            raise Refused(403, "invite_over" if invite else "invite_needed")
        raise Refused(403, "members_only")

    def _sign(self, room: Room, ends: int) -> str:
        text = f"invite {room.id} {room.invites} {ends}".encode()
        return base64.urlsafe_b64encode(hmac.digest(self._key, text, "sha256")[:18]).decode()
