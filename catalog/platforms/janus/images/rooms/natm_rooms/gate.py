# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every request passes: where it comes from, how often, and what its answer may say."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from .accounts import SESSION_SECONDS, Account
from .errors import Refused
from .limits import network_of
from .service import service_of
from .settings import Settings
from .told import account_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SESSION, DEVICE = "__Host-natm-session", "__Host-natm-device"
DEVICE_SECONDS = 365 * 86400
DEVICE_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
LARGEST_BODY = 16 * 1024
BODY_SECONDS = 10
PERMISSIONS = ("camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), "
               "autoplay=(self), speaker-selection=(self), screen-wake-lock=(self), "
               "geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=()")
log = logging.getLogger("rooms")


def headers(settings: Settings) -> dict[str, str]:
    """What every answer says to browsers. Old ones do not count the socket as `self`."""
    origin = urlsplit(settings.origin)
    socket = f"{origin.scheme.replace('http', 'ws')}://{origin.netloc}"
    policy = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
              f" media-src 'self' blob:; connect-src 'self' {socket}; base-uri 'none'; "
              "form-action 'self'; frame-ancestors 'none'")
    return {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": PERMISSIONS, "X-Robots-Tag": "noindex"}


def address_of(request: web.Request) -> str:
    """The network somebody comes from. Only the edge is believed when it names another one."""
    peer = request.remote or ""
    if peer == service_of(request).settings.edge_address:
        hops = ",".join(request.headers.getall("X-Forwarded-For", []))
        peer = hops.rpartition(",")[2].strip() or peer
    return network_of(peer)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Limits and the origin before, refusals as JSON after."""
    try:
        _let_pass(request)
        return await handler(request)
    except Refused as refusal:
        return refused(refusal)
    except web.HTTPRequestEntityTooLarge:
        return refused(Refused(413, "bad_request"))
    except web.HTTPException as error:
        if request.path.startswith("/api/"):
            return refused(Refused(error.status, "not_found" if error.status == 404
                                   else "bad_request"))
        raise
    except (ConnectionError, asyncio.CancelledError):
        raise
    except Exception as error:
        # Its words may hold what a member wrote; the kind and the place are enough to look.
        log.error("%s failed: %s", request.match_info.handler.__name__, type(error).__name__,
                  exc_info=log.isEnabledFor(logging.DEBUG))
        return refused(Refused(500, "other"))


def _let_pass(request: web.Request) -> None:
    service, address = service_of(request), address_of(request)
    if not request.path.startswith("/api/"):
        service.limits.pages.take(address)
        return
    if request.path != "/api/health":
        service.limits.requests.take(address)
    upgrade = request.headers.get("Upgrade") is not None
    if request.method not in ("GET", "HEAD") or upgrade:
        origins = request.headers.getall("Origin", [])
        if origins != [service.settings.origin]:
            raise Refused(403, "bad_origin")


def refused(refusal: Refused) -> web.Response:
    """A refusal as an answer."""
    more = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
    return web.json_response(refusal.body(), status=refusal.status, headers=more)


async def say_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Called for each answer before it begins."""
    for name, value in headers(service_of(request).settings).items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.popall("Server", None)


async def asked(request: web.Request) -> dict[str, Any]:
    """The JSON object that was sent, or a refusal."""
    if request.content_type != "application/json":
        raise Refused(400, "bad_request")
    try:
        body = json.loads(await asyncio.wait_for(request.read(), BODY_SECONDS))
    except (ValueError, RecursionError) as error:
        raise Refused(400, "bad_request") from error
    except TimeoutError as error:
        raise Refused(408, "bad_request") from error
    if not isinstance(body, dict):
        raise Refused(400, "bad_request")
    return body


# Cookies

def signed_in(request: web.Request) -> Account | None:
    """Who is signed in, if anybody."""
    service = service_of(request)
    if service.settings.account:
        account = account_of(request, service.settings.edge_address)
        return account if account and not service.ended.just_now(account.name) else None
    cookie = request.cookies.get(SESSION)
    return service.accounts.session(cookie) if cookie else None


def session_of(request: web.Request, account: Account) -> str:
    """What shows later on whether this member is still welcome."""
    service = service_of(request)
    if service.settings.account:
        return service.ended.stamp(account.name)
    return request.cookies.get(SESSION, "")


def steward(request: web.Request) -> Account:
    """The steward who asks, or a refusal."""
    account = signed_in(request)
    if account is None or not account.steward:
        raise Refused(403, "stewards_only")
    return account


def device_of(request: web.Request) -> str | None:
    """The device's own random name, if it has one."""
    value = request.cookies.get(DEVICE, "")
    return value if DEVICE_VALUE.fullmatch(value) else None


def new_device() -> str:
    """A name for a device that comes for the first time."""
    return secrets.token_urlsafe(32)


def keep_device(response: web.Response, device: str) -> None:
    """The device keeps its name for a year from the last time."""
    response.set_cookie(DEVICE, device, max_age=DEVICE_SECONDS, path="/", secure=True,
                        httponly=True, samesite="Lax")


def keep_session(response: web.Response, token: str) -> None:
    """Signed in for half a day."""
    response.set_cookie(SESSION, token, max_age=SESSION_SECONDS, path="/", secure=True,
                        httponly=True, samesite="Strict")


def drop_session(response: web.Response) -> None:
    """Signed out."""
    response.set_cookie(SESSION, "", max_age=0, path="/", secure=True, httponly=True,
                        samesite="Strict")
