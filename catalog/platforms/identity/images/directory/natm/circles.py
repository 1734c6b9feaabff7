# SPDX-License-Identifier: AGPL-3.0-or-later
"""Groups of members: which there are, who comes in, who goes out."""

from __future__ import annotations

from typing import Any

import people
from asked import PROOF, Refused, Request, name_of, names_of


def list_(connection: Any, _request: Request) -> Request:
    """All groups, with their members; those of the proofs are left out."""
    groups = [
        {"name": name, "members": [one for one in members if not one.startswith(PROOF)]}
        for name, members in sorted(people.groups(connection).items())]
    return {"ok": True, "groups": groups}


def join(connection: Any, request: Request) -> Request:
    """Into a group, which is made if there is none of that name."""
    group, names = _asked(connection, request)
    people.join(connection, group, names)
    return {"ok": True}


def leave(connection: Any, request: Request) -> Request:
    """Out of a group."""
    group, names = _asked(connection, request)
    if group not in people.groups(connection):
        raise Refused("unknown-group", f"there is no group {group}")
    people.leave(connection, group, names)
    return {"ok": True}


def _asked(connection: Any, request: Request) -> tuple[str, list[str]]:
    group, names = name_of(request, "group"), names_of(request)
    if group == "members":
        raise Refused("refused", "every member is in the group members: it is not for changing")
    there = people.find(connection)
    missing = [name for name in names if name not in there]
    if missing:
        raise Refused("unknown", f"there is no account {', '.join(missing)}")
    return group, names
