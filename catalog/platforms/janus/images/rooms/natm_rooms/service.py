# SPDX-License-Identifier: AGPL-3.0-or-later
"""All parts of the service together, as the request handlers find them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from . import files
from .accounts import Accounts
from .hub import Hub
from .invites import Invites
from .janus import Janus
from .letin import LetIn
from .limits import Limits
from .settings import Settings
from .store import Rooms
from .tickets import Tickets
from .told import Ended


@dataclass
class Service:
    """One running service."""

    settings: Settings
    accounts: Accounts
    rooms: Rooms
    janus: Janus
    hub: Hub
    tickets: Tickets
    let_in: LetIn
    ended: Ended
    invites: Invites
    limits: Limits = field(default_factory=Limits)
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))


SERVICE = web.AppKey("service", Service)


def make_service(settings: Settings) -> Service:
    """The parts, made and wired."""
    key = files.key(settings.data)
    accounts, rooms = Accounts(settings.data), Rooms(settings, key)
    janus = Janus(settings)
    let_in, ended = LetIn(settings.data, key), Ended(settings.data)
    hub = Hub(settings, rooms, ended if settings.account else accounts, let_in, janus)
    return Service(settings, accounts, rooms, janus, hub, Tickets(key), let_in, ended,
                   Invites(key))


def service_of(request: web.Request) -> Service:
    """The service that answers this request."""
    return request.app[SERVICE]
