# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members may rely on at the front door."""

from __future__ import annotations

import socket
import ssl

import pytest

from natm_stack.checks.job import Stack


def _connect(stack: Stack, port: int) -> socket.socket:
    return socket.create_connection((stack.edge[0], port), timeout=10)


def test_plain_http_leads_to_https(stack: Stack) -> None:
    """A member who types the address without https is led to https."""
    with _connect(stack, int(stack.settings["http_port"])) as plain:
        plain.sendall(f"GET /x HTTP/1.1\r\nHost: {stack.domain}\r\n\r\n".encode())
        answer = plain.recv(4096).decode("latin-1")
    status = answer.split(" ", 2)[1]
    location = [line for line in answer.splitlines() if line.lower().startswith("location:")]
    assert status in ("301", "308"), answer.splitlines()[0]
    assert location
    assert location[0].split(":", 1)[1].strip().startswith(f"https://{stack.domain}")


def test_the_certificate_is_for_this_domain(stack: Stack) -> None:
    """A member's browser finds a certificate for the domain, from an authority it may trust."""
    with _connect(stack, stack.edge[1]) as raw, stack.tls().wrap_socket(
        raw, server_hostname=stack.domain
    ) as tls:
        names = [value for kind, value in tls.getpeercert()["subjectAltName"] if kind == "DNS"]
        assert stack.domain in names
        assert tls.version() in ("TLSv1.2", "TLSv1.3")


def test_old_tls_is_refused(stack: Stack) -> None:
    """A connection with a broken old TLS version is refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # The client would speak it at security level 0, so that the refusal is the server's own.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with _connect(stack, stack.edge[1]) as raw, pytest.raises(ssl.SSLError) as refused:
        context.wrap_socket(raw, server_hostname=stack.domain)
    assert "ALERT" in str(refused.value).upper()


def test_a_name_that_is_not_here_gets_no_certificate(stack: Stack) -> None:
    """A name that is not the community's gets no certificate and no page."""
    with _connect(stack, stack.edge[1]) as raw, pytest.raises(ssl.SSLError):
        stack.tls().wrap_socket(raw, server_hostname="elsewhere.example.org")
