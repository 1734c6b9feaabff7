# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an entry of the directory says of somebody."""

from __future__ import annotations

import datetime
import re

from identity import Person

FOR_EVER = "000001010000Z"
FIRST = re.compile(rb"[^=]*=((?:[^\\,+]|\\.)*)", re.DOTALL)
ESCAPED = re.compile(rb"\\(?:([0-9A-Fa-f]{2})|(.))", re.DOTALL)


def person_of(entry: dict[str, list[bytes]], now: float) -> Person:
    """Somebody, from their entry."""
    def first(*keys: str) -> str:
        found = next((entry[key][0] for key in keys if entry.get(key)), b"")
        return found.decode("utf-8", "replace")

    groups = tuple(sorted(group_name(dn) for dn in entry.get("memberOf", [])))
    # A lock after wrong passwords is short, and not a reason to throw out who is in already.
    locked = first("pwdAccountLockedTime") == FOR_EVER or 0 < seconds(first("pwdEndTime")) <= now
    guarded = int(seconds(first("natmGuardedSince")))
    return Person(first("uid"), first("displayName", "cn"), first("mail"), groups,
                  max(int(seconds(first("pwdChangedTime"))), guarded), locked, guarded > 0)


def group_name(dn: bytes) -> str:
    """The first value of a group's name in the directory, with what is escaped there as it is."""
    first = FIRST.match(dn)
    value = first[1] if first else b""
    return ESCAPED.sub(
        lambda found: bytes.fromhex(found[1].decode()) if found[1] else found[2], value).decode()


def seconds(stamp: str) -> float:
    """A directory's time as seconds since 1970; 0 for none."""
    if not stamp or stamp == FOR_EVER:
        return 0.0
    moment = datetime.datetime.strptime(stamp[:14], "%Y%m%d%H%M%S")
    return moment.replace(tzinfo=datetime.UTC).timestamp()
