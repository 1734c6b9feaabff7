# SPDX-License-Identifier: AGPL-3.0-or-later
"""What goes on in one room: its people, what was written, who came and left. Only in memory."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from .outbox import Outbox
from .people import STATES, Person, Who
from .store import Room

KEPT_CHAT = 200
LONGEST_CHAT = 2000
GRACE_BROKEN, GRACE_CLOSED = 20.0, 4.0
"""Seconds until somebody has left: their network may be back, or their page may be loading."""
ASKED_SECONDS = 90.0
MOST_ASKING = 300
MOST_KNOWN = 1000


class Meeting:
    """A room while somebody is in it."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self._people: dict[str, Person] = {}
        self._known: dict[str, None] = {}
        self._chat: deque[dict[str, Any]] = deque(maxlen=KEPT_CHAT)
        self._number = 0

    @property
    def people(self) -> list[Person]:
        """Who is here, in the order in which they came."""
        return [one for one in self._people.values() if one.present]

    @property
    def everybody(self) -> list[Person]:
        """Who is here or on the way, with a ticket in hand."""
        return list(self._people.values())

    @property
    def empty(self) -> bool:
        """Nobody is here and nobody is on the way."""
        return not self._people

    def person(self, id_: str) -> Person | None:
        """Whoever has this id, here or on the way."""
        return next((one for one in self._people.values() if one.id == id_), None)

    def of_device(self, device: str) -> Person | None:
        """Whoever came with this device."""
        return self._people.get(device)

    def knows(self, device: str) -> bool:
        """Whether this device was in the meeting before."""
        return device in self._known

    def known_from(self, address: str) -> tuple[str, ...]:
        """Devices of those who are here from an address."""
        return tuple(one.who.device for one in self.people if one.who.address == address)

    def ask(self, who: Who) -> Person:
        """Somebody may come in; the same device is the same person."""
        person = self._people.get(who.device)
        if person is None:
            self._make_room()
            person = self._people[who.device] = Person(who)
        before, person.who, person.asked = person.you(), who, time.monotonic()
        if person.present and before != person.you():
            self.tell_all("changed", person=person.shown())
        return person

    def _make_room(self) -> None:
        asking = [device for device, one in self._people.items() if not one.present]
        for device in asking[:max(0, len(asking) - MOST_ASKING + 1)]:
            del self._people[device]

    # Coming and going

    def enter(self, person: Person, live: Outbox) -> None:
        """The person's live channel is open; one from before, in another tab, is told to stop."""
        new = not person.present
        person.tell("moved")
        person.hang_up()
        person.live, person.present, person.leaves = live, True, None
        if len(self._known) < MOST_KNOWN:
            self._known[person.who.device] = None
        person.tell("welcome", you=person.you(), room=self.room.shown(), chat=list(self._chat),
                    people=[one.shown() for one in self.people])
        if new:
            self.tell_all("joined", but=person, person=person.shown())

    def broke(self, person: Person, live: Outbox, closed: bool) -> None:
        """A live channel is gone. The person stays for a while, unless another one is open."""
        if person.live is live:
            person.live = None
            person.leaves = time.monotonic() + (GRACE_CLOSED if closed else GRACE_BROKEN)

    def take_out(self, person: Person) -> None:
        """The person is not here any more."""
        if self._people.get(person.who.device) is person:
            del self._people[person.who.device]
        was_present, person.present = person.present, False
        person.hang_up()
        if was_present:
            self.tell_all("left", id=person.id)

    def forget(self, device: str) -> None:
        """The device counts as one nobody has seen."""
        self._known.pop(device, None)

    def tidy(self) -> None:
        """Those who did not come back have left, and those who never came are forgotten."""
        now = time.monotonic()
        for person in list(self._people.values()):
            late = person.leaves is not None and person.leaves < now
            if late if person.present else person.asked + ASKED_SECONDS < now:
                self.take_out(person)

    # What is said

    def tell_all(self, type_: str, but: Person | None = None, **more: Any) -> None:
        """Tell everybody who is here."""
        for one in self.people:
            if one is not but:
                one.tell(type_, **more)

    def set_room(self, room: Room) -> None:
        """Stewards have changed the room."""
        self.room = room
        self.tell_all("room", room=room.shown())

    def set_state(self, person: Person, wish: dict[str, Any]) -> None:
        """What a person's page says of itself."""
        fresh = {name: wish[name] for name in STATES if isinstance(wish.get(name), bool)}
        if any(person.state[name] != value for name, value in fresh.items()):
            person.state.update(fresh)
            self.tell_all("changed", but=person, person=person.shown())

    def lead_state(self, person: Person, name: str) -> None:
        """A steward takes a hand down or closes a microphone: the person hears of it too."""
        if person.state[name]:
            person.state[name] = False
            self.tell_all("changed", person=person.shown())

    def say(self, person: Person, text: Any, mid: Any) -> None:
        """Number what somebody wrote and hand it to all; what came twice goes out once."""
        mid = mid if isinstance(mid, str) and len(mid) <= 64 else ""
        clean = written(text)
        if not clean or (mid and any(said["from"] == person.id and said.get("mid") == mid
                                     for said in self._chat)):
            return
        self._number += 1
        said = {"n": self._number, "from": person.id, "name": person.who.name,
                "at": round(time.time(), 3), "text": clean, **({"mid": mid} if mid else {})}
        self._chat.append(said)
        self.tell_all("chat", **said)


def written(text: Any) -> str:
    """A message without what is not seen; lines stay."""
    if not isinstance(text, str):
        return ""
    hidden = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
    kept = (c for c in text[:LONGEST_CHAT]
            if c == "\n" or (ord(c) >= 32 and not 0x7F <= ord(c) <= 0x9F
                             and not 0xD800 <= ord(c) <= 0xDFFF and ord(c) not in hidden))
    return "".join(kept).strip()
