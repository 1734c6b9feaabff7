# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our own conversation with Janus: makes its rooms, mutes, removes. Members never have this one.

After a restart of Janus the conversation begins anew, and rooms are made again when somebody
comes in.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
import secrets
import socket
from contextlib import suppress
from ipaddress import IPv4Address
from typing import Any

import aiohttp

from .settings import Settings
from .store import Room

SECONDS, KEEPALIVE = 5.0, 25.0
PROTOCOL = "janus-protocol"
PLUGIN = "janus.plugin.videoroom"
ROOM_EXISTS, NO_SUCH_ROOM = 427, 426
LARGEST = 256 * 1024
IPV4 = re.compile(r"[0-9.]+")
log = logging.getLogger("rooms")


class JanusAway(Exception):
    """Janus does not answer just now."""


class JanusRefused(Exception):
    """Janus answered with an error of this number."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Janus refused with {code}")
        self.code = code


class Janus:
    """The service's own session with the video room plugin."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._session = self._handle = 0
        self._known: set[str] = set()
        self._making: dict[str, asyncio.Lock] = {}
        self.ready = False

    @property
    def http(self) -> aiohttp.ClientSession:
        """The client session, for the members' own conversations as well."""
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True))
        return self._http

    async def close(self) -> None:
        """At the end of the service."""
        if self._http is not None:
            await self._http.close()

    async def connect(self) -> aiohttp.ClientWebSocketResponse:
        """A new web socket to Janus, on the inner network alone."""
        try:
            address = await self._address()
            return await self.http.ws_connect(
                f"http://{address}:{self._settings.janus_port}/", protocols=(PROTOCOL,),
                max_msg_size=LARGEST,
                timeout=aiohttp.ClientWSTimeout(ws_close=2.0))
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            raise JanusAway(type(error).__name__) from error

    async def _address(self) -> str:
        """Janus is on several networks under one name, of which engines tell one address or all;
        the name with the network's behind it is sure, where the engine knows such names."""
        whole, loop = self._settings.janus, asyncio.get_running_loop()
        plain = whole if IPV4.fullmatch(whole) else whole.partition(".")[0]
        for name in dict.fromkeys((whole, plain)):
            with suppress(socket.gaierror):
                found = await loop.getaddrinfo(name, self._settings.janus_port,
                                               family=socket.AF_INET, type=socket.SOCK_STREAM)
                for *_rest, place in found:
                    if IPv4Address(place[0]) in self._settings.inner:
                        return str(place[0])
        raise JanusAway("no address on the inner network")

    async def run(self) -> None:
        """Keep the conversation up for ever."""
        while True:
            try:
                await self._converse()
            except (JanusAway, JanusRefused, OSError, aiohttp.ClientError, TimeoutError) as error:
                log.warning("Janus is away: %s", error or type(error).__name__)
            finally:
                self._lose()
            await asyncio.sleep(0.7)

    async def _converse(self) -> None:
        self._socket = await self.connect()
        reader = asyncio.create_task(self._read(self._socket))
        try:
            self._session = (await self._ask({"janus": "create"}))["data"]["id"]
            self._handle = (await self._ask(
                {"janus": "attach", "plugin": PLUGIN, "session_id": self._session}))["data"]["id"]
            self._known.clear()
            self.ready = True
            log.info("Janus is there")
            while not reader.done():
                await asyncio.wait({reader}, timeout=KEEPALIVE)
                if not reader.done():
                    await self._ask({"janus": "keepalive", "session_id": self._session})
        finally:
            reader.cancel()
            with suppress(Exception):
                await self._socket.close()

    async def _read(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        async for message in connection:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            said = json.loads(message.data)
            if said.get("janus") == "timeout":
                return
            future = self._waiting.get(said.get("transaction", ""))
            if future is not None and not future.done():
                future.set_result(said)

    def _lose(self) -> None:
        self.ready, self._socket = False, None
        self._known.clear()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(JanusAway("the connection is lost"))

    async def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        if self._socket is None:
            raise JanusAway("not connected")
        transaction = secrets.token_hex(8)
        future = self._waiting[transaction] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send_str(json.dumps(
                {**message, "transaction": transaction,
                 "apisecret": self._settings.janus_secret}))
            said: dict[str, Any] = await asyncio.wait_for(future, SECONDS)
        except (ConnectionError, TimeoutError) as error:
            raise JanusAway(type(error).__name__) from error
        finally:
            del self._waiting[transaction]
        if said.get("janus") == "error":
            raise JanusRefused(int(said["error"]["code"]))
        return said

    async def _plugin(self, body: dict[str, Any]) -> dict[str, Any]:
        said = await self._ask({"janus": "message", "session_id": self._session,
                                "handle_id": self._handle, "body": body})
        data: dict[str, Any] = said.get("plugindata", {}).get("data", {})
        if "error_code" in data:
            raise JanusRefused(int(data["error_code"]))
        return data

    # Rooms

    def room_secret(self, room_id: str) -> str:
        """What leads this room in Janus; nobody but us can derive it."""
        return hmac.digest(self._settings.janus_secret.encode(), room_id.encode(), "sha256").hex()

    async def ensure(self, room: Room) -> None:
        """The room is there, with what the stewards have set."""
        async with self._making.setdefault(room.id, asyncio.Lock()):
            if room.id in self._known:
                return
            try:
                await self._plugin(self._creation(room))
            except JanusRefused as error:
                if error.code != ROOM_EXISTS:
                    raise
                await self.apply(room)
            self._known.add(room.id)

    def _creation(self, room: Room) -> dict[str, Any]:
        return {
            "request": "create", "admin_key": self._settings.admin_key, "room": room.id,
            "secret": self.room_secret(room.id), "is_private": True, "permanent": False,
            "publishers": room.max_publishers, "bitrate": room.bitrate_kbit * 1000,
            "bitrate_cap": True, "fir_freq": 10, "audiocodec": "opus", "videocodec": "vp8,h264",
            "opus_fec": True, "opus_dtx": True, "audiolevel_ext": True, "audiolevel_event": True,
            "audio_active_packets": 25, "audio_level_average": 40, "record": False,
            "lock_record": True, "require_pvtid": True,
        }

    async def apply(self, room: Room) -> None:
        """Set caps of a room that is there."""
        await self._plugin({
            "request": "edit", "room": room.id, "secret": self.room_secret(room.id),
            "new_publishers": room.max_publishers, "new_bitrate": room.bitrate_kbit * 1000})

    async def changed(self, room: Room) -> None:
        """The stewards set something; a room that nobody is in hears of it when it is made."""
        if room.id in self._known:
            await self.apply(room)

    async def kick(self, room: Room, feed: str) -> None:
        """Nobody hears or sees this publisher any more."""
        with suppress(JanusRefused, JanusAway):
            await self._plugin({"request": "kick", "room": room.id, "id": feed,
                                "secret": self.room_secret(room.id)})

    async def mute(self, room: Room, feed: str, mid: str, muted: bool) -> None:
        """Close or open one of a publisher's streams, here at the server."""
        with suppress(JanusRefused, JanusAway):
            await self._plugin({"request": "moderate", "room": room.id, "id": feed, "mid": mid,
                                "mute": muted, "secret": self.room_secret(room.id)})

    def forget(self, room_id: str) -> None:
        """Janus says it has no such room: it is made again at the next join."""
        self._known.discard(room_id)

    async def destroy(self, room_id: str) -> None:
        """Take the room away; it is made again when somebody comes in."""
        async with self._making.setdefault(room_id, asyncio.Lock()):
            if room_id in self._known:
                self._known.discard(room_id)
                with suppress(JanusRefused, JanusAway):
                    await self._plugin({"request": "destroy", "room": room_id,
                                        "secret": self.room_secret(room_id)})
