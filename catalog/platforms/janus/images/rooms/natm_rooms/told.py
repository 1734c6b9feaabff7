# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members as the edge tells of them, where the stack has one account for all platforms.

The gate is asked with every request, so nothing is kept here of who is signed in. A socket that is
open asks for nothing any more: for it there is a note of whom the steward has put out.
"""

from __future__ import annotations

import time
from pathlib import Path

from aiohttp import web

from .accounts import IN, NAME, Account
from .files import Kept
from .store import tidy

MEMBERS, STEWARDS = "members", "stewards"
OUT = "signed_out"
"""What is said to whoever is put out: it may be that they only have a new password."""
LONGEST_NAME = 60
HEARSAY_SECONDS = 40
"""For so long the edge may still tell of a member who is put out: the gate remembers for 25."""


def account_of(request: web.Request, edge_address: str) -> Account | None:
    """Who the edge says this is; what anybody else says counts for nothing."""
    if request.remote != edge_address:
        return None
    name, groups = _one(request, "Remote-User"), _one(request, "Remote-Groups").split(",")
    if not NAME.fullmatch(name) or MEMBERS not in groups:
        return None
    shown = tidy(_one(request, "Remote-Name"))[:LONGEST_NAME].strip()
    return Account(name, shown or name, STEWARDS in groups)


def _one(request: web.Request, header: str) -> str:
    told = request.headers.getall(header, [])
    return told[0] if len(told) == 1 else ""


class Ended:
    """Whom a steward has put out, and how often."""

    def __init__(self, folder: Path) -> None:
        self._kept = Kept(folder / "ended.json")

    def stamp(self, name: str) -> str:
        """What tells those who came before the last time from those who came after."""
        return str(self._kept.read().get(name, {}).get("times", 0))

    def just_now(self, name: str) -> bool:
        """Whether it was so short ago that the gate may not have heard of it."""
        return abs(time.time() - self._kept.read().get(name, {}).get("at", 0)) < HEARSAY_SECONDS

    def state(self, name: str, stamp: str) -> str:
        """Whether somebody who came in with this stamp is still welcome."""
        return IN if self.stamp(name) == stamp else OUT

    def put_out(self, name: str) -> None:
        """Whoever is inside under this name goes out."""
        with self._kept.changed() as names:
            times = names.get(name, {}).get("times", 0)
            names[name] = {"times": times + 1, "at": time.time()}

    def drop(self, name: str) -> None:
        """As if it had never been; for proofs only."""
        with self._kept.changed() as names:
            names.pop(name, None)
