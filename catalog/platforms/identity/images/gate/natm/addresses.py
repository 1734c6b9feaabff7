# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the gate may send a browser: to addresses of this stack and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from settings import Settings

# What browsers and libraries read differently has no place in an address we send people to.
STRANGE = re.compile(r"[\x00-\x20\x7f\\<>\"`{}|^]|[^\x00-\x7f]")
LONGEST = 2000


def safe(address: str, settings: Settings) -> str | None:
    """The address if it is https, of the domain or a name right under it, at the stack's port."""
    if len(address) > LONGEST or STRANGE.search(address):
        return None
    try:
        parts = urlsplit(address)
        port = parts.port or 443
    except ValueError:
        return None
    name = re.escape(settings.domain)
    if parts.scheme != "https" or "@" in parts.netloc or port != settings.port:
        return None
    if not re.fullmatch(rf"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)?{name}(:\d+)?", parts.netloc):
        return None
    return address if address.startswith(f"https://{parts.netloc}") else None


def asked_for(headers: Mapping[str, str], settings: Settings) -> str | None:
    """The address a browser asked the edge for, as the edge tells it."""
    host, path = headers.get("X-Forwarded-Host", ""), headers.get("X-Forwarded-Uri", "/")
    if not path.startswith("/"):
        return None
    # Bytes that stand in the path unescaped are escaped: they are no danger, only strange.
    return safe(f"https://{host}{quote(path, safe=SAFE)}", settings)


SAFE = "/?#[]@!$&'()*+,;=:%-._~"


def sign_in(address: str, settings: Settings) -> str:
    """Where to go to sign in and come back to that address."""
    return f"{settings.public}/gate/login?rd={quote(address, safe='')}"


def is_visit(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a person's browser asks for a page: then it is led to the sign-in, not refused."""
    mode = headers.get("Sec-Fetch-Mode", "navigate")
    page = "text/html" in headers.get("Accept", "")
    return method in ("GET", "HEAD") and mode == "navigate" and page
