# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signing in and out, and what the page asks about itself."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from aiohttp import web

from .accounts import LONGEST_PASSWORD, Account
from .errors import Refused
from .gate import SESSION, address_of, asked, drop_session, keep_session, signed_in
from .service import Service, service_of

WRONG = "sign_in_wrong"


async def settings(request: web.Request) -> web.Response:
    """What the page needs to know of the house."""
    own = service_of(request).settings
    return web.json_response({"community": own.community, "languages": list(own.languages),
                              "max_people": own.most_people, "home": own.home,
                              "account": asdict(own.account) if own.account else None})


async def health(request: web.Request) -> web.Response:
    """Good once Janus answers: without it nobody can meet."""
    ready = service_of(request).janus.ready
    return web.json_response({"ok": ready}, status=200 if ready else 503)


async def me(request: web.Request) -> web.Response:
    """Who is signed in."""
    return web.json_response(_told(signed_in(request)))


def _of_our_own(request: web.Request) -> Service:
    """Passwords and sessions are of this service only where there is no account for all."""
    service = service_of(request)
    if service.settings.account:
        raise Refused(404, "not_found")
    return service


async def sign_in(request: web.Request) -> web.Response:
    """A name and a password for a session."""
    service, body = _of_our_own(request), await asked(request)
    name, password = body.get("name"), body.get("password")
    if not isinstance(name, str) or not isinstance(password, str) or len(name) > 64 \
            or len(password) > LONGEST_PASSWORD:
        raise Refused(403, WRONG)
    name, address = name.strip().lower(), address_of(request)
    for limit, key in ((service.limits.sign_in, address), (service.limits.sign_in_name, name)):
        limit.check(key)
    service.limits.sign_in.take(address)
    service.limits.sign_in_name.take(name)
    account, token = await _begin(service, name, password)
    response = web.json_response(_told(account))
    keep_session(response, token)
    return response


async def _begin(service: Service, name: str, password: str) -> tuple[Account, str]:
    async with service.hashing:
        account = await asyncio.to_thread(service.accounts.check, name, password)
    token = await asyncio.to_thread(service.accounts.begin_session, name) if account else None
    if account is None or token is None:
        raise Refused(403, WRONG)
    return account, token


async def sign_out(request: web.Request) -> web.Response:
    """End this session."""
    service = _of_our_own(request)
    if cookie := request.cookies.get(SESSION):
        await asyncio.to_thread(service.accounts.end_session, cookie)
    response = web.Response(status=204)
    drop_session(response)
    return response


def _told(account: Account | None) -> dict[str, object]:
    if account is None:
        return {"name": None, "display_name": None, "steward": False}
    return {"name": account.name, "display_name": account.display_name,
            "steward": account.steward}
