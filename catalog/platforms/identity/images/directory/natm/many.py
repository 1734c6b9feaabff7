# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many new accounts at once: all of them, or none.

An account without the group `members` opens nothing. So everything is written first, and one
change of that group makes all of it true. What a crash leaves before that is taken away by the
next call.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import people
from asked import (
    Refused,
    Request,
    display_name_of,
    email_of,
    groups_of,
    new_name_of,
    password_of,
)

JOURNAL = Path("/var/lib/directory/import.json")
MOST = 5000


@dataclass(frozen=True)
class Wanted:
    """One account to be made; without a password it is there to keep its name taken."""

    name: str
    display_name: str
    email: str | None
    groups: list[str]
    password: str | None


def import_(connection: Any, request: Request) -> Request:
    """Look at all of them, then make all of them; `dry_run` only looks."""
    rows = request.get("members")
    if not isinstance(rows, list) or len(rows) > MOST:
        raise Refused("invalid", f"a list of at most {MOST} members is needed")
    wanted, problems = _looked_at(people.find(connection), rows, request.get("dry_run") is True)
    if problems:
        return {"ok": False, "code": "rows", "problems": problems,
                "message": f"{len(problems)} of {len(rows)} cannot be made"}
    if request.get("dry_run") is not True and wanted:
        _all_or_none(connection, wanted)
    return {"ok": True, "count": len(wanted)}


def _looked_at(
    there: dict[str, people.Person], rows: list[Any], dry_run: bool,
) -> tuple[list[Wanted], list[Request]]:
    names, emails = set(there), {one.email.lower() for one in there.values() if one.email}
    wanted: list[Wanted] = []
    problems: list[Request] = []
    for number, row in enumerate(rows):
        try:
            one = _wanted(row, dry_run)
            _refuse_taken(one, names, emails)
        except Refused as refusal:
            problems.append({"row": number, "code": refusal.code, "message": str(refusal)})
        else:
            wanted.append(one)
            names.add(one.name)
            emails |= {one.email.lower()} if one.email else set()
    return wanted, problems


def _wanted(row: Any, dry_run: bool) -> Wanted:
    if not isinstance(row, dict):
        raise Refused("invalid", "a member is an object")
    shut = row.get("disabled") is True
    return Wanted(new_name_of(row), display_name_of(row), email_of(row),
                  [] if shut else groups_of(row), None if shut or dry_run else password_of(row))


def _refuse_taken(one: Wanted, names: set[str], emails: set[str]) -> None:
    if one.name in names:
        raise Refused("exists", f"there is or was an account {one.name}")
    if one.email and one.email.lower() in emails:
        raise Refused("email-taken", f"another account has the address {one.email}")


def _all_or_none(connection: Any, wanted: list[Wanted]) -> None:
    _write([one.name for one in wanted])
    try:
        people.add_many(connection, [
            (one.name, one.display_name, one.email, one.password) for one in wanted])
        for one in wanted:
            if one.password is None:
                people.lock(connection, one.name)
        for group in sorted({group for one in wanted for group in one.groups}):
            people.join(connection, group, [one.name for one in wanted if group in one.groups])
        people.join(connection, "members", [o.name for o in wanted if o.password is not None])
    except BaseException:
        undo(connection, whole=True)
        raise
    JOURNAL.unlink()


def undo(connection: Any, *, whole: bool = False) -> None:
    """Take away what an import that broke off has left; not what it had finished."""
    if not JOURNAL.exists():
        return
    left = json.loads(JOURNAL.read_text("utf-8"))
    there = people.find(connection)
    found = [there[name] for name in left if name in there]
    # Who is a member came in by another door meanwhile, or the import was done after all.
    begun = [person for person in found if "members" not in person.groups]
    if whole or begun == found:
        for person in begun:
            people.delete(connection, person.name)
    JOURNAL.unlink()


def _write(names: list[str]) -> None:
    """On the disk before the first account is made."""
    new = JOURNAL.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(names, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(JOURNAL)
