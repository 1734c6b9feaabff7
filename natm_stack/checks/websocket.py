# SPDX-License-Identifier: AGPL-3.0-or-later
"""A web socket for proofs, in one thread.

The threaded client of `websockets` reads and writes one TLS connection from two threads at once.
With TLS 1.3 that loses about one opening handshake in a hundred (seen with Debian 13's Python and
OpenSSL), which would make a sound server fail its proof. So only its protocol part is used here.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from .job import Stack

SECONDS = 20.0


class SocketClosed(Exception):
    """The other side ended the connection, or never accepted it."""


class WebSocket:
    """An open web socket that carries text; `TimeoutError` where an answer does not come."""

    def __init__(
        self, stack: Stack, route: str, path: str, subprotocol: str | None = None, *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        url = stack.url(route).replace("https:", "wss:", 1) + path
        self._protocol = ClientProtocol(
            parse_uri(url), max_size=2**22,
            subprotocols=[Subprotocol(subprotocol)] if subprotocol else None)
        self._headers = headers or {}
        plain = socket.create_connection(stack.connect(route), timeout=SECONDS)
        try:
            host = urlsplit(url).hostname
            self._socket: socket.socket = stack.tls().wrap_socket(plain, server_hostname=host)
            self._texts: deque[str] = deque()
            self._parts: list[bytes] = []
            self._open(time.monotonic() + SECONDS)
        except BaseException:
            plain.close()
            raise

    def send(self, text: str) -> None:
        """Send one text."""
        try:
            self._protocol.send_text(text.encode())
        except InvalidState as error:
            raise SocketClosed("the server hung up") from error
        self._flush()

    def receive(self, end: float) -> str:
        """The next text, waiting until `end` (of `time.monotonic`) at most."""
        while not self._texts:
            self._read(end)
        return self._texts.popleft()

    def close(self) -> None:
        """End the connection; what goes wrong then no longer matters."""
        with suppress(Exception):
            self._protocol.send_close()
            self._flush()
        self._socket.close()

    def _open(self, end: float) -> None:
        request = self._protocol.connect()
        request.headers.update(self._headers)
        self._protocol.send_request(request)
        self._flush()
        while not self._read(end):
            pass
        if self._protocol.handshake_exc is not None:
            raise SocketClosed(f"no web socket: {self._protocol.handshake_exc}")

    def _read(self, end: float) -> bool:
        """Take in what came; whether the answer to the opening request was in it."""
        self._socket.settimeout(max(end - time.monotonic(), 0.01))
        data = self._socket.recv(65536)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        answered = False
        for event in self._protocol.events_received():
            answered = answered or isinstance(event, Response)
            if isinstance(event, Frame):
                self._take(event)
        self._flush()  # above all the answers to pings
        if not data and not self._texts and not answered:
            raise SocketClosed("the server hung up")
        return answered

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._parts.append(bytes(frame.data))
            if frame.fin:
                self._texts.append(b"".join(self._parts).decode())
                self._parts.clear()

    def _flush(self) -> None:
        self._socket.settimeout(SECONDS)
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)
