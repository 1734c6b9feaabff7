# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stewards do with rooms: make, set, end, delete."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from .gate import address_of, asked, steward
from .invites import USUAL_HOURS
from .service import Service, service_of
from .store import Room


async def rooms(request: web.Request) -> web.Response:
    """All rooms, with how many are in each."""
    steward(request)
    service = service_of(request)
    return web.json_response([_told(service, room) for room in service.rooms.all()])


async def make(request: web.Request) -> web.Response:
    """A new room."""
    account, service = steward(request), service_of(request)
    service.limits.make_room.take(address_of(request))
    wish = {"title": "", **await asked(request)}
    room = await asyncio.to_thread(service.rooms.make, wish, account.name)
    return web.json_response(_told(service, room), status=201)


async def change(request: web.Request) -> web.Response:
    """Set anything of a room; everybody in it hears of it."""
    steward(request)
    service = service_of(request)
    room = await asyncio.to_thread(service.rooms.change, request.match_info["link"],
                                   await asked(request))
    await service.hub.changed(room)
    return web.json_response(_told(service, room))


async def invite(request: web.Request) -> web.Response:
    """What makes the room's link a guest's, for some hours. Behind a hash: no server logs it."""
    steward(request)
    service, hours = service_of(request), (await asked(request)).get("hours", USUAL_HOURS)
    room = service.rooms.get(request.match_info["link"])
    text, ends = service.invites.make(room, hours)
    return web.json_response({"invite": text, "ends": ends, "link": f"{room.link}#invite={text}"},
                             status=201)


async def take_back(request: web.Request) -> web.Response:
    """Guests' links made until now are worth nothing; who is inside stays."""
    steward(request)
    link = request.match_info["link"]
    await asyncio.to_thread(service_of(request).rooms.take_back_invites, link)
    return web.Response(status=204)


async def end(request: web.Request) -> web.Response:
    """Everybody out; the room stays for the next time."""
    steward(request)
    service = service_of(request)
    room = service.rooms.get(request.match_info["link"])
    await asyncio.to_thread(service.let_in.end, room)
    await service.hub.end(room.id)
    return web.json_response({})


async def delete(request: web.Request) -> web.Response:
    """The room is gone for good, and so is its link."""
    steward(request)
    service = service_of(request)
    room = service.rooms.get(request.match_info["link"])
    await asyncio.to_thread(service.rooms.drop, room.link)
    await service.hub.end(room.id)
    return web.Response(status=204)


def _told(service: Service, room: Room) -> dict[str, Any]:
    meeting = service.hub.find(room)
    return {"link": room.link, **room.shown(), "people": len(meeting.people) if meeting else 0}
