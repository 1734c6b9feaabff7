# SPDX-License-Identifier: AGPL-3.0-or-later
"""Headers the house has a word in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

# Whether browsers must insist on TLS is for the edge to say: it knows whose certificates these are.
OURS = {"strict-transport-security", "content-security-policy", "x-frame-options"}
# Nothing from other hosts, and no page of another host may frame the sign-in.
POLICY = ("default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
          "object-src 'none'; base-uri 'self'; frame-ancestors 'none'")


def ours(inner: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The application, with these headers in place of its own."""
    def outer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            kept = [(name, value) for name, value in headers if name.lower() not in OURS]
            kept += [("Content-Security-Policy", POLICY), ("X-Frame-Options", "DENY")]
            if not environ.get("PATH_INFO", "").startswith("/static/"):
                kept = [(name, value) for name, value in kept if name.lower() != "cache-control"]
                kept.append(("Cache-Control", "no-store"))
            return start(status, kept, *rest)
        return inner(environ, begin)
    return outer
