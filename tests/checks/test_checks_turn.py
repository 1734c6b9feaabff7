# SPDX-License-Identifier: AGPL-3.0-or-later
"""The small TURN client against a relay of a few lines; coturn itself is tried by the proofs."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from natm_stack.checks import turn

REFUSED, ALLOCATED, PERMITTED = 0x113, 0x103, 0x108


@pytest.fixture
def relay() -> Iterator[tuple[str, int]]:
    """Answers three questions over UDP: 401 with a nonce, then an address, then 403."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(5)

    def answer() -> None:
        nonce = {turn.REALM: b"r.test", turn.NONCE: b"n1", turn.ERROR_CODE: bytes([0, 0, 4, 1])}
        for kind, given in ((REFUSED, nonce), (ALLOCATED, {turn.RELAYED: turn._written(
                "192.0.2.9", 4711)}), (0x118, {turn.ERROR_CODE: bytes([0, 0, 4, 3])})):
            message, sender = server.recvfrom(4096)
            body = b"".join(turn._attribute(k, v) for k, v in given.items())
            server.sendto(turn._header(kind, len(body), message[8:20]) + body, sender)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield server.getsockname()
    thread.join(5)
    server.close()


def test_it_signs_in_when_asked_and_tells_what_was_refused(relay: tuple[str, int]) -> None:
    name, password = turn.credential("a shared secret", int(time.time()) + 60, "one")
    with turn.Relay(relay, name, password, udp=True) as call:
        assert call.allocate() == ("192.0.2.9", 4711)
        with pytest.raises(turn.Refused) as refused:
            call.permit("192.0.2.1")
    assert refused.value.code == 403


def test_credentials_are_as_relays_expect_them() -> None:
    name, password = turn.credential("north", 1893456000, "one")
    assert (name, password) == ("1893456000:one", "HJJ9zLyf8+qQVS4TM1xtgwKLCME=")
