# SPDX-License-Identifier: AGPL-3.0-or-later
"""The HTTP client that proofs use: it checks certificates and can reach the stack alone."""

from __future__ import annotations

from typing import Any

import httpx

from .job import Member, Stack

SECONDS = 20.0
"""How long a proof waits for one answer; a member would have given up by then."""


class EdgeTransport(httpx.HTTPTransport):
    """Connects to the edge's address, while name and certificate stay the address's own.

    A stack with its own port (https://chat.example.org:8443) is served on another one inside the
    server, and names under .localhost must not end at the container's own loopback.
    """

    def __init__(self, stack: Stack, **options: Any) -> None:
        super().__init__(**options)
        self._edge = stack.edge
        self._origins = {_origin(httpx.URL(url)) for url in stack.addresses}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, to the edge where the URL is one of the platform's."""
        if _origin(request.url) not in self._origins:
            return super().handle_request(request)
        address, port = self._edge
        return super().handle_request(httpx.Request(
            method=request.method,
            url=request.url.copy_with(host=address, port=port),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        ))


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def client(stack: Stack, member: Member | None = None) -> httpx.Client:
    """A client with bounded patience; signed in with HTTP Basic where a member is given."""
    return httpx.Client(
        transport=EdgeTransport(stack, verify=stack.tls(), trust_env=False),
        auth=(member.name, member.password) if member else None,
        headers={"user-agent": "natm-proof"},
        timeout=SECONDS,
        follow_redirects=False,
        trust_env=False,
    )
