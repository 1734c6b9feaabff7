# SPDX-License-Identifier: AGPL-3.0-or-later
"""The web application: which address is answered by whom, and what runs beside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from . import joining, live, media, pages, signing, stewards
from .gate import LARGEST_BODY, guard, say_headers
from .service import SERVICE, Service


def make_app(service: Service) -> web.Application:
    """The application around a service."""
    app = web.Application(middlewares=[guard], client_max_size=LARGEST_BODY)
    app[SERVICE], app[pages.PAGE] = service, pages.Page(service.settings.page)
    app.on_response_prepare.append(say_headers)
    app.on_shutdown.append(_close_meetings)
    app.cleanup_ctx.append(_beside)
    _routes(app.router)
    return app


def _routes(router: web.UrlDispatcher) -> None:
    room = "/api/rooms/{link}"
    router.add_get("/api/health", signing.health)
    router.add_get("/api/settings", signing.settings)
    router.add_get("/api/me", signing.me)
    router.add_post("/api/session", signing.sign_in)
    router.add_delete("/api/session", signing.sign_out)
    router.add_get("/api/rooms", stewards.rooms)
    router.add_post("/api/rooms", stewards.make)
    router.add_patch(room, stewards.change)
    router.add_delete(room, stewards.delete)
    router.add_post(f"{room}/end", stewards.end)
    router.add_post(f"{room}/invite", stewards.invite)
    router.add_delete(f"{room}/invite", stewards.take_back)
    router.add_post(f"{room}/join", joining.join)
    router.add_get(f"{room}/live", live.live)
    router.add_get(f"{room}/janus", media.media)
    router.add_route("*", "/api/{rest:.*}", pages.nothing)
    router.add_get("/page/{version:[0-9a-f]{16}}/{name:.+}", pages.piece)
    router.add_get("/robots.txt", pages.robots)
    router.add_get("/", pages.index)
    router.add_get("/{link:[a-z-]+}", pages.index)


async def _beside(app: web.Application) -> AsyncIterator[None]:
    service = app[SERVICE]
    tasks = [asyncio.create_task(service.janus.run()), asyncio.create_task(service.hub.run())]
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await service.janus.close()


async def _close_meetings(app: web.Application) -> None:
    await app[SERVICE].hub.close()
