# SPDX-License-Identifier: AGPL-3.0-or-later
"""A small TURN client for proofs (RFC 8656): asks for a relay, and where to it would relay."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import secrets
import socket
import ssl
import struct
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Any

COOKIE = 0x2112A442
ALLOCATE, REFRESH, PERMIT = 0x003, 0x004, 0x008
SUCCESS = 0x100
USERNAME, INTEGRITY, ERROR_CODE, LIFETIME = 0x0006, 0x0008, 0x0009, 0x000D
PEER, REALM, NONCE, RELAYED, TRANSPORT = 0x0012, 0x0014, 0x0015, 0x0016, 0x0019
UNAUTHORIZED, STALE_NONCE, QUOTA_REACHED = 401, 438, 486
ELSEWHERE = ("127.0.0.1", "0.0.0.0", "10.0.0.1", "192.168.1.1",  # noqa: S104
             "169.254.169.254", "192.0.2.1",
             "8.8.8.8", "224.0.0.251", "255.255.255.255")
SECONDS = 10.0

Attributes = dict[int, bytes]


class Refused(Exception):
    """The relay's answer was no, with this number."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the relay refused with {code}")
        self.code = code


def credential(secret: str, ends: int, person: str) -> tuple[str, str]:
    """Name and password as a service that shares the relay's secret would make them."""
    name = f"{ends}:{person}"
    proof = hmac.digest(secret.encode(), name.encode(), "sha1")
    return name, base64.b64encode(proof).decode()


class Relay:
    """One conversation with a relay; used as a context manager."""

    def __init__(
        self, address: tuple[str, int], name: str, password: str, *,
        udp: bool = False, tls: ssl.SSLContext | None = None, host: str | None = None,
    ) -> None:
        self._name, self._password, self._udp = name, password, udp
        self._realm = self._nonce = b""
        if udp:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.settimeout(SECONDS)
            self._socket.connect(address)
        else:
            self._socket = socket.create_connection(address, timeout=SECONDS)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname=host)

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def certificate_names(self) -> list[str]:
        """The names in the certificate it showed, which was verified."""
        if not isinstance(self._socket, ssl.SSLSocket):
            return []
        shown: dict[str, Any] = dict(self._socket.getpeercert() or {})
        return [str(value) for kind, value in shown.get("subjectAltName", ()) if kind == "DNS"]

    def allocate(self) -> tuple[str, int]:
        """Ask for a relayed address; `Refused` where the credential is no good."""
        answer = self._ask(ALLOCATE, {TRANSPORT: bytes([17, 0, 0, 0])})
        return _address(answer[RELAYED])

    def refresh(self, seconds: int) -> None:
        """Keep what was allocated for so long; 0 gives it back."""
        self._ask(REFRESH, {LIFETIME: struct.pack("!I", seconds)})

    def permit(self, peer: str) -> None:
        """Ask it to relay to this address; `Refused` (403) where it must not."""
        self._ask(PERMIT, {PEER: _written(peer, 20000)})

    def leads_to(self, peer: str) -> bool:
        """Whether it would relay to this address."""
        try:
            self.permit(peer)
        except Refused:
            return False
        return True

    def _ask(self, method: int, attributes: Attributes) -> Attributes:
        kind, answer = self._exchange(method, attributes)
        code = _code(answer)
        if code == STALE_NONCE or (code == UNAUTHORIZED and not self._nonce):
            self._realm, self._nonce = answer[REALM], answer[NONCE]
            kind, answer = self._exchange(method, attributes)
            code = _code(answer)
        if kind != method | SUCCESS:
            raise Refused(code)
        return answer

    def _exchange(self, method: int, attributes: Attributes) -> tuple[int, Attributes]:
        number = secrets.token_bytes(12)
        self._socket.sendall(self._message(method, number, attributes))
        while True:
            kind, seen, answer = _parsed(self._receive())
            if seen == number:
                return kind, answer

    def _message(self, method: int, number: bytes, attributes: Attributes) -> bytes:
        sent = dict(attributes)
        if self._nonce:
            sent |= {USERNAME: self._name.encode(), REALM: self._realm, NONCE: self._nonce}
        body = b"".join(_attribute(kind, value) for kind, value in sent.items())
        if not self._nonce:
            return _header(method, len(body), number) + body
        words = b":".join([self._name.encode(), self._realm, self._password.encode()])
        key = hashlib.md5(words, usedforsecurity=False).digest()
        head = _header(method, len(body) + 24, number)
        return head + body + _attribute(INTEGRITY, hmac.digest(key, head + body, "sha1"))

    def _receive(self) -> bytes:
        if self._udp:
            return self._socket.recv(4096)
        head = self._exactly(20)
        return head + self._exactly(int.from_bytes(head[2:4], "big"))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._socket.recv(count - len(data))
            if not part:
                raise ConnectionError("the relay hung up")
            data += part
        return data


def where_to(
    relay_at: tuple[str, int], credential: tuple[str, str], more: list[str]
) -> tuple[list[str], list[str]]:
    """Addresses beside the relay's own; and to which of those, and of many others, it leads."""
    with Relay(relay_at, *credential, udp=True) as relay:
        own = relay.allocate()[0]
        first = int(own.rpartition(".")[2]) & 240
        near = [f"{own.rpartition('.')[0]}.{first + n}" for n in range(1, 15)]
        open_ = [peer for peer in [*ELSEWHERE, own, *more, *near] if relay.leads_to(peer)]
        relay.refresh(0)
    return near, open_


def all_places(relay_at: tuple[str, int], credential: tuple[str, str], most: int) -> int:
    """How many places one name gets before it is refused more; all are given back."""
    taken = 0
    with ExitStack() as places:
        while taken < most and _place(relay_at, credential, places):
            taken += 1
    end = time.monotonic() + SECONDS
    # It counts what was given back a moment later.
    while time.monotonic() < end:
        with ExitStack() as place:
            if _place(relay_at, credential, place):
                return taken
        time.sleep(0.5)
    raise AssertionError("the places that were given back are not free again")


def _place(relay_at: tuple[str, int], credential: tuple[str, str], places: ExitStack) -> bool:
    relay = places.enter_context(Relay(relay_at, *credential, udp=True))
    try:
        relay.allocate()
    except Refused as refusal:
        if refusal.code != QUOTA_REACHED:
            raise
        return False
    places.callback(relay.refresh, 0)
    return True


def _header(method: int, length: int, number: bytes) -> bytes:
    return struct.pack("!HHI", method, length, COOKIE) + number


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)


def _parsed(message: bytes) -> tuple[int, bytes, Attributes]:
    kind, length, _cookie = struct.unpack("!HHI", message[:8])
    attributes, at = {}, 20
    while at + 4 <= 20 + length:
        name, size = struct.unpack("!HH", message[at:at + 4])
        attributes[name] = message[at + 4:at + 4 + size]
        at += 4 + size + -size % 4
    return kind, message[8:20], attributes


def _code(answer: Attributes) -> int:
    value = answer.get(ERROR_CODE, b"\0\0\0\0")
    return value[2] * 100 + value[3]


def _written(address: str, port: int) -> bytes:
    number = int(ipaddress.IPv4Address(address)) ^ COOKIE
    return struct.pack("!BBHI", 0, 1, port ^ (COOKIE >> 16), number)


def _address(value: bytes) -> tuple[str, int]:
    port, number = struct.unpack("!HI", value[2:8])
    return str(ipaddress.IPv4Address(number ^ COOKIE)), port ^ (COOKIE >> 16)
