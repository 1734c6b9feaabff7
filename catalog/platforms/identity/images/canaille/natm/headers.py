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


# What apps themselves ask, by the network they have with us: no browser comes that way.
BACK = {"/oauth/token", "/oauth/jwks.json", "/oauth/userinfo", "/oauth/introspect",
        "/oauth/revoke", "/.well-known/openid-configuration"}


def by_any_name(
    inner: Callable[..., Iterable[bytes]], inside: str, public: str
) -> Callable[..., Iterable[bytes]]:
    """Who asks us by our name inside is answered as if by the public one, with TLS.

    An app in a container may be unable to reach the public name: it can lead to its own loopback.
    """
    def outer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_HOST") == inside and environ.get("PATH_INFO") in BACK:
            environ |= {"HTTP_HOST": public, "HTTP_X_FORWARDED_PROTO": "https",
                        "HTTP_X_FORWARDED_FOR": environ.get("REMOTE_ADDR", "")}
        return inner(environ, start)
    return outer
