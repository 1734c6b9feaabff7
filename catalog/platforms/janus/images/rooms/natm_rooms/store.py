# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rooms themselves: what stewards have set, kept over restarts."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import Refused, unknown_room
from .files import Kept
from .settings import Settings
from .words import LINK, new_link

MOST_ROOMS = 500
MOST_REMOVED = 200
DEVICE_SECONDS, ADDRESS_SECONDS = 30 * 86400, 12 * 3600
"""How long a removal holds: a device's own, and that of the address it came from."""
TITLE = 80
OPEN, INVITED, NONE = "open", "invited", "none"
"""Guests of a room: whoever has its link, those with a guest's link of a steward, nobody."""
PIN = re.compile(r"[0-9]{4,12}")
RANGES = {"max_people": (2, 20), "max_publishers": (1, 20), "bitrate_kbit": (64, 3000)}


@dataclass(frozen=True)
class Room:
    """One room as it is set now."""

    link: str
    id: str
    title: str
    max_people: int
    max_publishers: int
    bitrate_kbit: int
    locked: bool
    pin: str
    made_by: str
    removed: tuple[dict[str, Any], ...]
    guests: str = OPEN
    invites: int = 0

    def shown(self) -> dict[str, Any]:
        """What everybody in the room may know."""
        return {"title": self.title, "max_people": self.max_people,
                "max_publishers": self.max_publishers, "bitrate_kbit": self.bitrate_kbit,
                "locked": self.locked, "has_pin": bool(self.pin), "guests": self.guests}


@dataclass(frozen=True)
class Gone:
    """Somebody who was removed; `spared` are the devices from there that may come back."""

    device: str
    account: str
    address: str
    spared: tuple[str, ...] = ()


class Rooms:
    """All rooms on disk. `key` hides addresses and PINs from whoever reads the file."""

    def __init__(self, settings: Settings, key: bytes) -> None:
        self._kept, self._key, self._settings = Kept(settings.data / "rooms.json"), key, settings

    @property
    def path(self) -> Path:
        """Where they are, for whoever looks whether they changed."""
        return self._kept.path

    def all(self) -> list[Room]:
        """Every room."""
        return [Room(link=link, **{**kept, "removed": tuple(kept["removed"])})
                for link, kept in self._kept.read().items()]

    def get(self, link: str) -> Room:
        """The room of this link; refused where there is none."""
        kept = self._kept.read().get(link) if LINK.fullmatch(link) else None
        if kept is None:
            raise unknown_room()
        return Room(link=link, **{**kept, "removed": tuple(kept["removed"])})

    def make(self, asked: dict[str, Any], made_by: str) -> Room:
        """A new room with a link nobody has."""
        fresh = {"id": secrets.token_hex(8), "title": "", "locked": False, "pin": "",
                 "max_people": self._settings.room_people, "max_publishers": 20,
                 "bitrate_kbit": self._settings.bitrate_kbit, "made_by": made_by, "removed": [],
                 "guests": OPEN, "invites": 0}
        with self._kept.changed() as rooms:
            if len(rooms) >= MOST_ROOMS:
                raise Refused(409, "too_many_rooms")
            link = next(one for one in iter(new_link, "") if one not in rooms)
            rooms[link] = self._set(fresh, asked)
        return self.get(link)

    def change(self, link: str, asked: dict[str, Any]) -> Room:
        """Set what is asked for."""
        with self._kept.changed() as rooms:
            if link not in rooms:
                raise unknown_room()
            rooms[link] = self._set(rooms[link], asked)
        return self.get(link)

    def take_back_invites(self, link: str) -> None:
        """Guests' links made until now let nobody in any more."""
        with self._kept.changed() as rooms:
            if link not in rooms:
                raise unknown_room()
            rooms[link]["invites"] = rooms[link].get("invites", 0) + 1

    def drop(self, link: str) -> None:
        """The room is gone for good."""
        with self._kept.changed() as rooms:
            if rooms.pop(link, None) is None:
                raise unknown_room()

    def pin_fits(self, room: Room, pin: str) -> bool:
        """Whether this is the room's PIN."""
        return hmac.compare_digest(room.pin, self._hidden(f"pin {room.id} {pin}"))

    # Who was removed

    def remove_device(self, link: str, gone: Gone) -> None:
        """Note who was removed, and where they came from."""
        now = int(time.time())
        with self._kept.changed() as rooms:
            if link in rooms:
                entry = {"device": self._hidden(f"device {gone.device}"),
                         "account": self._hidden(f"account {gone.account}") if gone.account else "",
                         "address": self._hidden(f"address {gone.address}"), "at": now,
                         "spared": [self._hidden(f"device {one}") for one in gone.spared][:20]}
                recent = [e for e in rooms[link]["removed"] if e["at"] > now - DEVICE_SECONDS]
                rooms[link]["removed"] = [*recent, entry][-MOST_REMOVED:]

    def forgive(self, link: str) -> None:
        """New devices may come from those addresses again; the removed ones may not."""
        with self._kept.changed() as rooms:
            for entry in rooms.get(link, {"removed": []})["removed"]:
                entry["address"] = ""

    def refuse_removed(self, room: Room, device: str, account: str, address: str) -> None:
        """Refuse who was removed, and devices nobody has seen from where somebody was."""
        now, own = time.time(), self._hidden(f"device {device}")
        member = self._hidden(f"account {account}") if account else None
        recent = [e for e in room.removed if now - e["at"] < DEVICE_SECONDS]
        if any(e["device"] == own or e["account"] == member for e in recent):
            raise Refused(403, "removed")
        nearby = self._hidden(f"address {address}")
        if member is None and any(e["address"] == nearby and now - e["at"] < ADDRESS_SECONDS
                                  and own not in e["spared"] for e in recent):
            raise Refused(403, "removed_nearby")

    def _hidden(self, text: str) -> str:
        return hmac.digest(self._key, text.encode(), "sha256").hex()[:40]

    def _set(self, kept: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        fresh = dict(kept)
        for name, value in asked.items():
            if name == "title":
                fresh["title"] = title(value)
            elif name == "locked" and isinstance(value, bool):
                fresh["locked"] = value
            elif name == "guests" and value in (OPEN, INVITED, NONE):
                fresh["guests"] = value
            elif name == "pin":
                fresh["pin"] = self._hidden(f"pin {kept['id']} {pin(value)}") if value else ""
            elif name in RANGES and type(value) is int:
                low, high = RANGES[name]
                fresh[name] = max(low, min(high, value))
            else:
                raise Refused(400, "bad_request")
        return fresh


def title(value: Any) -> str:
    """A room's title, or a refusal."""
    if not isinstance(value, str) or not (text := tidy(value)) or len(text) > TITLE:
        raise Refused(400, "bad_title")
    return text


def pin(value: Any) -> str:
    """A PIN, or a refusal."""
    if not isinstance(value, str) or not PIN.fullmatch(value):
        raise Refused(400, "bad_pin")
    return value


def tidy(text: str) -> str:
    """Text in one line, without characters that are not seen or turn the writing round."""
    seen = "".join(c if c.isprintable() else " " for c in text
                   if not 0x202A <= ord(c) <= 0x202E and not 0x2066 <= ord(c) <= 0x2069)
    return " ".join(seen.split())
