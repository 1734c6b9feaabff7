# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which devices were let into a room today: a lock or a PIN keeps out nobody who comes back, be it
after a restart of this service or after an hour asleep."""

from __future__ import annotations

import hmac
import time
from pathlib import Path

from .files import Kept
from .store import Room

SECONDS = 12 * 3600
MOST = 200
"""Of one room; those who came first are forgotten first."""


class LetIn:
    """On disk, with devices hidden by the installation's key."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._kept, self._key = Kept(folder / "letin.json"), key

    def note(self, room: Room, device: str) -> None:
        """This device is in. Slow; not for the event loop."""
        now = int(time.time())
        with self._kept.changed() as rooms:
            own = rooms.pop(room.id, {})
            own.pop(self._hidden(room, device), None)
            own[self._hidden(room, device)] = now
            rooms[room.id] = dict(list(own.items())[-MOST:])
            for id_, devices in list(rooms.items()):
                rooms[id_] = {one: at for one, at in devices.items() if at > now - SECONDS}
                if not rooms[id_]:
                    del rooms[id_]

    def holds(self, room: Room, device: str) -> bool:
        """Whether this device was let in, and the meeting was not ended since."""
        at = self._kept.read().get(room.id, {}).get(self._hidden(room, device), 0)
        return bool(at > time.time() - SECONDS)

    def forget(self, room: Room, device: str) -> None:
        """This device has to be let in anew."""
        with self._kept.changed() as rooms:
            rooms.get(room.id, {}).pop(self._hidden(room, device), None)

    def end(self, room: Room) -> None:
        """Everybody has to be let in anew."""
        with self._kept.changed() as rooms:
            rooms.pop(room.id, None)

    def _hidden(self, room: Room, device: str) -> str:
        return hmac.digest(self._key, f"in {room.id} {device}".encode(), "sha256").hex()[:40]
