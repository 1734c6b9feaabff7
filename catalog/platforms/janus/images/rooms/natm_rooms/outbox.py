# SPDX-License-Identifier: AGPL-3.0-or-later
"""What waits to be sent on a web socket: bounded, so that a slow reader costs a connection and
never the service's memory."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from aiohttp import web

MOST_BYTES = 512 * 1024
MOST_TEXTS = 512


class Outbox:
    """Sends texts in order; `put` never waits."""

    def __init__(self, socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
        self._socket, self._transport = socket, request.transport
        self._texts: deque[str] = deque()
        self._bytes, self._code, self._closing = 0, 1000, False
        self._more = asyncio.Event()

    @property
    def closing(self) -> bool:
        """Whether the end was asked for; the rest is still being sent."""
        return self._closing

    def put(self, text: str) -> None:
        """Send this as soon as those before it are sent."""
        if self._closing:
            return
        self._texts.append(text)
        self._bytes += len(text)
        if self._bytes > MOST_BYTES or len(self._texts) > MOST_TEXTS:
            self.abort()
        self._more.set()

    def close(self, code: int = 1000) -> None:
        """Close once everything before is sent."""
        self._code, self._closing = code, True
        self._more.set()

    def abort(self) -> None:
        """Hang up at once: the other side does not read."""
        self._closing = True
        self._texts.clear()
        if self._transport is not None:
            self._transport.abort()

    async def run(self) -> None:
        """Send until it is closed or the connection is gone."""
        with suppress(ConnectionError, RuntimeError):
            while True:
                await self._more.wait()
                self._more.clear()
                while self._texts:
                    text = self._texts.popleft()
                    await self._socket.send_str(text)
                    self._bytes -= len(text)
                if self._closing:
                    await asyncio.wait_for(self._socket.close(code=self._code), 5)
                    return
