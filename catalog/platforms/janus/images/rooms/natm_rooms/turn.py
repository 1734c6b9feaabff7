# SPDX-License-Identifier: AGPL-3.0-or-later
"""Credentials for coturn that end by themselves: its shared secret signs the time they end."""

from __future__ import annotations

import base64
import hmac
import time

SECONDS = 600


def ice_servers(host: str, secret: str, address: str,
                now: float | None = None) -> list[dict[str, object]]:
    """What a browser is told: our own relay, by UDP, TCP and TLS; nobody else is ever asked.

    coturn counts places by the name after the colon, which stands for the address somebody comes
    from: new names cost nothing, new addresses do. It is told no address, only what is made of it.
    """
    ends = int(time.time() if now is None else now) + SECONDS
    known = hmac.digest(secret.encode(), f"address {address}".encode(), "sha256").hex()[:16]
    name = f"{ends}:{known}"
    proof = base64.b64encode(hmac.digest(secret.encode(), name.encode(), "sha1")).decode()
    urls = [f"turn:{host}:3478?transport=udp", f"turn:{host}:3478?transport=tcp",
            f"turns:{host}:5349?transport=tcp"]
    return [{"urls": urls, "username": name, "credential": proof}]
