# SPDX-License-Identifier: AGPL-3.0-or-later
"""The room's own channel: one web socket for each person, for all that is not picture and sound."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from aiohttp import WSMsgType, web

from .gate import address_of
from .joining import holder
from .limits import Bucket
from .meeting import Meeting
from .outbox import Outbox
from .people import Person
from .service import Service, service_of

HEARTBEAT = 10.0
LARGEST = 32 * 1024
MESSAGES, CHAT = (40, 10), (12, 2)
"""How many at once and how many a second; whoever sends more is read more slowly."""
LEAVING = {0, 1000, 1001, 1005}
"""What a page says that was closed, and not cut off; 0 where it says nothing."""


async def live(request: web.Request) -> web.WebSocketResponse:
    """Opens with a live ticket; the welcome comes first."""
    service, address = service_of(request), address_of(request)
    meeting, person = holder(request, "live")
    service.hub.refuse_full(meeting.room, person.who)
    await asyncio.to_thread(service.let_in.note, meeting.room, person.who.device)
    service.limits.sockets.enter(address)
    try:
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=LARGEST, compress=False)
        await socket.prepare(request)
        await _Channel(service, meeting, person, socket, request).run()
        return socket
    finally:
        service.limits.sockets.leave(address)


class _Channel:
    """One open channel."""

    def __init__(self, service: Service, meeting: Meeting, person: Person,
                 socket: web.WebSocketResponse, request: web.Request) -> None:
        self._service, self._meeting, self._person = service, meeting, person
        self._socket, self._outbox = socket, Outbox(socket, request)
        self._messages, self._chat = Bucket(*MESSAGES), Bucket(*CHAT)

    async def run(self) -> None:
        """Read until it ends."""
        if self._meeting.of_device(self._person.who.device) is not self._person:
            await self._socket.close(code=1008)
            return
        sending = asyncio.create_task(self._outbox.run())
        self._meeting.enter(self._person, self._outbox)
        try:
            async for message in self._socket:
                if message.type is not WSMsgType.TEXT or not await self._heard(message.data):
                    await self._socket.close(code=1008)
        finally:
            closed = self._socket.close_code in LEAVING
            self._meeting.broke(self._person, self._outbox, closed)
            if self._outbox.closing:
                await asyncio.wait({sending}, timeout=6)
            sending.cancel()

    async def _heard(self, text: str) -> bool:
        await _slow(self._messages)
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return False
        if not isinstance(said, dict) or self._person.live is not self._outbox:
            return False
        await self._act(said)
        return True

    async def _act(self, said: dict[str, Any]) -> None:
        kind = said.get("type")
        if kind == "ping":
            self._person.tell("pong", now=int(time.time()))
        elif kind == "state":
            shared = self._person.state["screen"]
            self._meeting.set_state(self._person, said)
            if said.get("audio") is True:
                self._service.hub.unmuted(self._meeting, self._person)
            if shared and not self._person.state["screen"]:
                # The next screen is another one, and theirs to show with its sound.
                self._person.muted.discard(self._person.feeds[1])
        elif kind == "chat":
            await _slow(self._chat)
            self._meeting.say(self._person, said.get("text"), said.get("mid"))
        elif kind == "lead" and self._person.who.steward:
            await self._lead(said.get("do"), said.get("id"))

    async def _lead(self, what: Any, id_: Any) -> None:
        hub, meeting = self._service.hub, self._meeting
        if what == "forgive":
            await hub.forgive(meeting)
            return
        if what == "mute_all":
            for one in meeting.people:
                if one is not self._person:
                    hub.mute(meeting, one, self._person)
            return
        other = meeting.person(id_) if isinstance(id_, str) else None
        if other is None or not other.present:
            return
        if what == "mute":
            hub.mute(meeting, other, self._person)
        elif what == "lower":
            meeting.lead_state(other, "hand")
        elif what == "remove" and other is not self._person:
            await hub.remove(meeting, other)


async def _slow(bucket: Bucket) -> None:
    while wait := bucket.take():
        await asyncio.sleep(wait)
