# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first steps of an XMPP app on port 5222: ask for encryption, look at the certificate."""

from __future__ import annotations

import re
import socket
import ssl
from typing import Any

OPEN = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' "
    "xmlns:stream='http://etherx.jabber.org/streams' to='{domain}'>"
)
STARTTLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
SECONDS = 15.0


class NoEncryption(Exception):
    """The server did not offer encryption, or offered a way to sign in without it."""


def certificate(address: tuple[str, int], domain: str, trust: ssl.SSLContext) -> dict[str, Any]:
    """The certificate shown for this domain, verified; `ssl.SSLError` where it does not verify."""
    with encrypted(address, domain, trust) as connection:
        return dict(connection.getpeercert() or {})


def encrypted(address: tuple[str, int], domain: str, trust: ssl.SSLContext) -> ssl.SSLSocket:
    """A connection that is encrypted now, the certificate verified."""
    plain = socket.create_connection(address, timeout=SECONDS)
    try:
        offers = _exchange(plain, OPEN.format(domain=domain), r"</stream:features>")
        if "urn:ietf:params:xml:ns:xmpp-tls" not in offers:
            raise NoEncryption("port 5222 does not offer encryption (STARTTLS)")
        if "<mechanism" in offers:
            raise NoEncryption("port 5222 would take a password without encryption")
        _exchange(plain, STARTTLS, r"<proceed\b[^>]*>")
        return trust.wrap_socket(plain, server_hostname=domain)
    except BaseException:
        plain.close()
        raise


def _exchange(plain: socket.socket, words: str, until: str) -> str:
    plain.sendall(words.encode())
    answer = ""
    while not re.search(until, answer):
        part = plain.recv(4096)
        if not part or len(answer) > 65536:
            raise NoEncryption("the server hung up instead of offering encryption")
        answer += part.decode("utf-8", "replace")
    return answer
