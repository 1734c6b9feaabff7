# SPDX-License-Identifier: AGPL-3.0-or-later
"""Coming in: every question is asked here, and whoever passes gets a ticket for the two sockets."""

from __future__ import annotations

import logging
import time
from typing import Any

from aiohttp import web

from .errors import Refused, unknown_room
from .gate import (
    address_of,
    asked,
    device_of,
    keep_device,
    new_device,
    session_of,
    signed_in,
)
from .janus import JanusAway, JanusRefused
from .meeting import Meeting
from .people import Person, Who
from .service import Service, service_of
from .store import Room, tidy
from .tickets import SECONDS
from .turn import ice_servers

LONGEST_NAME = 60
log = logging.getLogger("rooms")


async def join(request: web.Request) -> web.Response:
    """A ticket, or the reason why not."""
    service, body = service_of(request), await asked(request)
    device, link = device_of(request), request.match_info["link"]
    here = _present(service, link, device)
    address = here.who.address if here else address_of(request)
    room = _room(service, link, address, here)
    who = _who(request, body, device or new_device())
    service.rooms.refuse_removed(room, who.device, who.account, address)
    # Who was a guest in there already stays one; who was a member has to be let in as a guest.
    if not who.account and (here is None or here.who.account):
        service.invites.refuse_guest(room, body.get("invite"))
    if here is None:
        _refuse_stranger(service, room, who, body.get("pin"))
    try:
        await service.janus.ensure(room)
    except (JanusAway, JanusRefused) as error:
        log.warning("nobody can come in: %s", error)
        raise Refused(503, "network") from error
    person = service.hub.meeting(room).ask(who)
    response = web.json_response(_pass(service, room, person))
    keep_device(response, who.device)
    return response


def _present(service: Service, link: str, device: str | None) -> Person | None:
    """Whoever is in the room with this device already, and comes back."""
    try:
        meeting = service.hub.find(service.rooms.get(link))
    except Refused:
        return None
    person = meeting.of_device(device) if meeting and device else None
    return person if person and person.present else None


def _room(service: Service, link: str, address: str, here: Person | None) -> Room:
    """The room. Whoever guesses links is stopped, without learning whether one was right."""
    limits = service.limits
    if here is not None:
        limits.rejoin.take(here.id)
        return service.rooms.get(link)
    limits.join.take(address)
    limits.guess_room.check(address)
    try:
        return service.rooms.get(link)
    except Refused:
        limits.guess_room.take(address)
        raise unknown_room() from None


def _who(request: web.Request, body: dict[str, Any], device: str) -> Who:
    account, address = signed_in(request), address_of(request)
    if account is not None:
        return Who(device, address, account.display_name or account.name, account.name,
                   account.steward, session_of(request, account))
    given = body.get("name")
    name = tidy(given) if isinstance(given, str) else ""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Refused(403, "bad_name")
    return Who(device, address, name)


def _refuse_stranger(service: Service, room: Room, who: Who, pin: Any) -> None:
    """Lock, PIN and places, for those who are not inside. Stewards open locks anyway."""
    if not who.steward and not service.let_in.holds(room, who.device):
        if room.locked:
            raise Refused(423, "locked")
        if room.pin:
            _refuse_pin(service, room, who, pin)
    service.hub.refuse_full(room, who)


def _refuse_pin(service: Service, room: Room, who: Who, pin: Any) -> None:
    if not isinstance(pin, str) or not pin:
        raise Refused(403, "pin_needed")
    guesses = ((service.limits.guess_pin, f"{room.id} {who.address}"),
               (service.limits.guess_pin_room, room.id))
    for limit, key in guesses:
        limit.check(key)
    if not service.rooms.pin_fits(room, pin[:64]):
        for limit, key in guesses:
            limit.take(key)
        raise Refused(403, "pin_wrong")


def _pass(service: Service, room: Room, person: Person) -> dict[str, Any]:
    settings = service.settings
    return {
        "ticket": service.tickets.make(room.id, person.id, person.who.device),
        "expires_in": SECONDS, "you": person.you(), "room": room.shown(),
        "ice_servers": ice_servers(settings.host, settings.turn_secret, person.who.address),
        "now": int(time.time()),
    }


def holder(request: web.Request, kind: str) -> tuple[Meeting, Person]:
    """Whose ticket this is, or a refusal before the socket opens. It is used up now."""
    service, device = service_of(request), device_of(request)
    try:
        room = service.rooms.get(request.match_info["link"])
    except Refused:  # Not a word on which links there are.
        raise Refused(403, "bad_ticket") from None
    ticket = service.tickets.use(request.query.get("ticket", ""), kind, room.id, device or "")
    meeting = service.hub.find(room)
    person = meeting.of_device(device) if meeting and device and ticket else None
    if meeting is None or person is None or ticket is None or ticket.person != person.id:
        raise Refused(403, "bad_ticket")
    return meeting, person
