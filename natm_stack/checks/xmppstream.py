# SPDX-License-Identifier: AGPL-3.0-or-later
"""The stream of an XMPP app on port 5222 (RFC 6120), carrying the same texts as a web socket."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from collections import deque
from contextlib import suppress
from typing import cast

from .job import Stack
from .starttls import OPEN, encrypted
from .websocket import SocketClosed

SECONDS = 20.0
CLOSE = "</stream:stream>"


class Stream:
    """An encrypted stream. Only its opening and its end are said otherwise than on a web socket."""

    def __init__(self, stack: Stack, port: str) -> None:
        self._domain = stack.domain
        self._socket = encrypted(stack.port(port), stack.domain, stack.tls())
        self._texts: deque[str] = deque()
        self._begin()

    def _begin(self) -> None:
        self._parser: ET.XMLPullParser[ET.Element] = ET.XMLPullParser(["start", "end"])
        self._open: list[ET.Element] = []

    def send(self, text: str) -> None:
        """Send one text."""
        if text.startswith("<open"):
            self._begin()
            text = OPEN.format(domain=self._domain)
        elif text.startswith("<close"):
            text = CLOSE
        self._socket.settimeout(SECONDS)
        self._socket.sendall(text.encode())

    def receive(self, end: float) -> str:
        """The next text, waiting until `end` (of `time.monotonic`) at most."""
        while not self._texts:
            self._socket.settimeout(max(end - time.monotonic(), 0.01))
            data = self._socket.recv(65536)
            if not data:
                raise SocketClosed("the server hung up")
            # It is our own server's XML, and the C library refuses endless entities by itself.
            self._parser.feed(data)
            self._take()
        return self._texts.popleft()

    def _take(self) -> None:
        """Keep each element that is whole, of those right under the stream itself."""
        for told in self._parser.read_events():
            event, element = cast("tuple[str, ET.Element]", told)
            if event == "start":
                self._open.append(element)
                continue
            self._open.pop()
            if len(self._open) == 1:
                self._texts.append(ET.tostring(element, encoding="unicode"))
                self._open[0].remove(element)

    def close(self) -> None:
        """End the connection; what goes wrong then no longer matters."""
        with suppress(OSError):
            self._socket.close()
