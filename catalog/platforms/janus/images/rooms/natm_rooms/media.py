# SPDX-License-Identifier: AGPL-3.0-or-later
"""The narrow way to Janus: a member's web socket on one side, one of ours on the other."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web

from .errors import Refused
from .gate import address_of
from .janus import NO_SUCH_ROOM, PROTOCOL, JanusAway
from .joining import holder
from .limits import Bucket
from .meeting import Meeting
from .outbox import Outbox
from .people import Person
from .permitted import Forbidden, Seat, learn, permitted, sounds
from .service import Service, service_of

HEARTBEAT = 15.0
LARGEST = 256 * 1024
MESSAGES = (300, 40)
PUBLISHERS_FULL = 432
log = logging.getLogger("rooms")


async def media(request: web.Request) -> web.WebSocketResponse:
    """Opens with a ticket for Janus, for somebody whose live channel is open."""
    service, address = service_of(request), address_of(request)
    meeting, person = holder(request, "janus")
    if not person.present:
        raise Refused(403, "bad_ticket")
    service.limits.sockets.enter(address)
    try:
        return await _connected(service, meeting, person, request)
    except JanusAway as error:
        raise Refused(503, "network") from error
    finally:
        service.limits.sockets.leave(address)


async def _connected(service: Service, meeting: Meeting, person: Person,
                     request: web.Request) -> web.WebSocketResponse:
    upstream = await service.janus.connect()
    try:
        socket = web.WebSocketResponse(protocols=(PROTOCOL,), heartbeat=HEARTBEAT,
                                       max_msg_size=LARGEST, compress=False)
        await socket.prepare(request)
        await _Way(service, meeting, person, Outbox(socket, request), upstream).run(socket)
        return socket
    finally:
        with suppress(Exception):
            await upstream.close()


class _Way:
    """One member's conversation with Janus."""

    def __init__(self, service: Service, meeting: Meeting, person: Person, outbox: Outbox,
                 upstream: aiohttp.ClientWebSocketResponse) -> None:
        self._service, self._meeting, self._person = service, meeting, person
        self._outbox, self._upstream = outbox, upstream
        self._messages = Bucket(*MESSAGES)
        self._seat = Seat(meeting.room.id, person.id, person.who.name, self._bitrate())

    def _bitrate(self) -> int:
        return self._meeting.room.bitrate_kbit * 1000

    async def run(self, socket: web.WebSocketResponse) -> None:
        """Both ways, until either side ends."""
        if not self._person.present:
            await socket.close(code=1008)
            return
        self._person.stop_media()
        stop = self._person.media = self._outbox.close
        tasks = {asyncio.create_task(work) for work in (
            self._up(socket), self._down(), self._outbox.run())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            # Whatever ended first: what Janus said last still goes out, then both sides close.
            self._outbox.close(1000)
            await asyncio.wait(tasks, timeout=2)
        finally:
            for task in tasks:
                task.cancel()
            if self._person.media == stop:
                self._person.stop_media()

    async def _up(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                return
            while wait := self._messages.take():
                await asyncio.sleep(wait)
            self._seat.bitrate = self._bitrate()
            try:
                fresh = permitted(json.loads(message.data), self._seat)
            except (Forbidden, ValueError, RecursionError) as error:
                log.warning("a page asked Janus for what it may not: %s", type(error).__name__)
                return
            with_secret = {**fresh, "apisecret": self._service.settings.janus_secret}
            try:
                await self._upstream.send_str(json.dumps(with_secret))
            except (ConnectionError, aiohttp.ClientError):
                return

    async def _down(self) -> None:
        async for message in self._upstream:
            if message.type is not WSMsgType.TEXT:
                return
            said = json.loads(message.data)
            learn(said, self._seat)
            feed, mids = sounds(said, self._seat)
            if mids:
                self._service.hub.publishes(self._meeting, self._person, feed, mids)
            self._notice(said)
            self._outbox.put(message.data)

    def _notice(self, said: dict[str, Any]) -> None:
        code = said.get("plugindata", {}).get("data", {}).get("error_code")
        if code == NO_SUCH_ROOM:
            self._service.janus.forget(self._meeting.room.id)
        if code == PUBLISHERS_FULL:
            self._person.tell("full_publishers")
