# SPDX-License-Identifier: AGPL-3.0-or-later
"""All meetings that go on, and what stewards do in them."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from .accounts import GUEST, IN
from .errors import Refused, unknown_room
from .files import Seen, seen
from .janus import Janus, JanusAway, JanusRefused
from .letin import LetIn
from .meeting import Meeting
from .people import Person, Who
from .settings import Settings
from .store import OPEN, Gone, Room, Rooms
from .told import OUT

LOOK_SECONDS = 0.5
log = logging.getLogger("rooms")


class Members(Protocol):
    """Whoever knows what has become of members: accounts of our own, or what we are told."""

    def state(self, name: str, session: str) -> str:
        """Whether somebody who came in with this session is still welcome as this member."""


class Hub:
    """Meetings by the id of their room."""

    def __init__(self, settings: Settings, rooms: Rooms, members: Members, let_in: LetIn,
                 janus: Janus) -> None:
        self._settings, self._rooms, self._members = settings, rooms, members
        self._let_in, self._janus = let_in, janus
        self._meetings: dict[str, Meeting] = {}
        self._seen: Seen = None
        self._later: set[asyncio.Task[None]] = set()

    def find(self, room: Room) -> Meeting | None:
        """The meeting in this room, if there is one."""
        return self._meetings.get(room.id)

    def meeting(self, room: Room) -> Meeting:
        """The meeting in this room, which may begin now."""
        return self._meetings.setdefault(room.id, Meeting(room))

    def refuse_full(self, room: Room, who: Who) -> None:
        """Refuse where there is no place left. Who is here already has one."""
        meeting = self.find(room)
        if meeting and (person := meeting.of_device(who.device)) and person.present:
            return
        inside = len(meeting.people) if meeting else 0
        everywhere = sum(len(one.people) for one in self._meetings.values())
        if everywhere >= self._settings.most_people or (
                inside >= room.max_people and not who.steward):
            raise Refused(409, "full")

    # What stewards do

    async def changed(self, room: Room) -> None:
        """A room was set anew."""
        if meeting := self.find(room):
            meeting.set_room(room)
        try:
            await self._janus.changed(room)
        except (JanusAway, JanusRefused) as error:
            log.warning("Janus did not take a room's caps: %s", error)

    def mute(self, meeting: Meeting, person: Person, by: Person) -> None:
        """Close all sound of a person, a screen's too: at the server, and the page is told."""
        person.muted = {person.id, *(feed for feed, _ in person.sounds)}
        self._close(meeting, person, person.sounds)
        if person.state["audio"] or person.state["screen"]:
            person.muted.update(person.feeds if person.state["screen"] else ())
            person.tell("muted", by=by.id)
            meeting.lead_state(person, "audio")

    def publishes(self, meeting: Meeting, person: Person, feed: str, mids: set[str]) -> None:
        """Janus has accepted these streams of sound; a muted person's stay closed."""
        fresh = {(feed, mid) for mid in mids}
        person.sounds |= fresh
        person.closed -= fresh
        if feed in person.muted:
            self._close(meeting, person, fresh)

    def unmuted(self, meeting: Meeting, person: Person) -> None:
        """The person has opened the microphone again; that is theirs to do."""
        person.muted.clear()
        closed = set(person.closed)
        person.closed.clear()
        for feed, mid in closed:
            self._soon(self._janus.mute(meeting.room, feed, mid, False))

    def _close(self, meeting: Meeting, person: Person, sounds: set[tuple[str, str]]) -> None:
        person.closed |= sounds
        for feed, mid in sounds:
            self._soon(self._janus.mute(meeting.room, feed, mid, True))

    async def remove(self, meeting: Meeting, person: Person) -> None:
        """Out, and the device and account stay out; noted before anything else."""
        spared = tuple(d for d in meeting.known_from(person.who.address) if d != person.who.device)
        gone = Gone(person.who.device, person.who.account, person.who.address, spared)
        await asyncio.to_thread(self._rooms.remove_device, meeting.room.link, gone)
        meeting.forget(person.who.device)
        self._throw_out(meeting, person, "removed")

    async def forgive(self, meeting: Meeting) -> None:
        """Let new devices in again from where somebody was removed."""
        await asyncio.to_thread(self._rooms.forgive, meeting.room.link)

    async def end(self, room_id: str) -> None:
        """Everybody out; what was written is forgotten."""
        meeting = self._meetings.pop(room_id, None)
        if meeting is not None:
            for person in meeting.people:
                person.tell("ended")
                person.present = False
                person.hang_up()
        await self._janus.destroy(room_id)

    def _throw_out(self, meeting: Meeting, person: Person, why: str) -> None:
        person.tell(why)
        meeting.take_out(person)
        for feed in person.feeds:
            self._soon(self._janus.kick(meeting.room, feed))

    def _soon(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    # What happens by itself

    async def run(self) -> None:
        """Look after meetings for as long as the service runs."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except (OSError, ValueError) as error:
                log.error("the state cannot be read: %s", type(error).__name__)

    async def look(self) -> None:
        """Who has left has left; accounts and rooms may have been changed by the other program."""
        await self._look_at_members()
        now = seen(self._rooms.path)
        if now != self._seen:
            self._seen = now
            await self._look_at_rooms()
        for room_id, meeting in list(self._meetings.items()):
            meeting.tidy()
            if meeting.empty:
                await self.end(room_id)

    async def _look_at_members(self) -> None:
        for meeting, person in [(one, person) for one in self._meetings.values()
                                for person in one.everybody if person.who.account]:
            who = person.who
            state = self._members.state(who.account, who.session)
            if state == GUEST and meeting.room.guests == OPEN:
                meeting.ask(Who(who.device, who.address, who.name))
            elif state != IN:
                # Locks and PINs hold for them as for anybody who comes for the first time.
                await asyncio.to_thread(self._let_in.forget, meeting.room, who.device)
                meeting.forget(who.device)
                self._throw_out(meeting, person, OUT if state == GUEST else state)

    async def _look_at_rooms(self) -> None:
        for meeting in list(self._meetings.values()):
            try:
                meeting.room = self._rooms.get(meeting.room.link)
            except Refused as error:
                if error.code != unknown_room().code:
                    raise
                await self.end(meeting.room.id)

    async def close(self) -> None:
        """The service stops: pages come back by themselves as soon as it runs again."""
        for meeting in self._meetings.values():
            for person in meeting.people:
                if person.live is not None:
                    person.live.close(1012)
                person.stop_media()
        await asyncio.sleep(0.2)
