# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members' accounts: an action as the only argument, one JSON object in, one out."""

from __future__ import annotations

import fcntl
import json
import sys
from pathlib import Path
from typing import Any

import circles
import ldap
import many
import people
from asked import (
    PROOF,
    Refused,
    Request,
    display_name_of,
    email_of,
    groups_of,
    name_of,
    new_name_of,
    password_of,
)
from connection import connect

LOCK = Path("/tmp/members.lock")


def create(connection: Any, request: Request) -> Request:
    """A new account; that of a proof which is there already is opened again."""
    name, password = new_name_of(request), password_of(request)
    there = people.find(connection, name)
    if there and not name.startswith(PROOF):
        raise Refused("exists", f"there is or was an account {name}")
    groups, email = groups_of(request), email_of(request)
    if email and email.lower() in {o.email.lower() for o in people.find(connection).values()}:
        raise Refused("email-taken", f"another account has the address {email}")
    if not there:
        people.add(connection, name, display_name_of(request), email)
    for group in groups:
        people.join(connection, group, [name])
    return _open(connection, name, password, "stewards" in groups)


def reset(connection: Any, request: Request) -> Request:
    """A new password; a locked account is open again. Sessions that are open end."""
    name, password = name_of(request), password_of(request)
    person = _known(connection, name)
    people.end_tokens(connection, name)
    return _open(connection, name, password, "stewards" in person.groups)


def _open(connection: Any, name: str, password: str, steward: bool) -> Request:
    # The password first: an account that was locked must not open with its old one.
    people.set_password(connection, name, password)
    people.no_second_factor(connection, name)
    people.unlock(connection, name)
    if not steward:
        people.leave(connection, "stewards", [name])
    people.join(connection, "members", [name])
    return {"ok": True}


def remove(connection: Any, request: Request) -> Request:
    """Locked out at once. The entry stays, and so does the name: nobody else will get it."""
    name = name_of(request)
    _known(connection, name)
    people.lock(connection, name)
    people.leave_all(connection, name)
    people.end_tokens(connection, name)
    return {"ok": True}


def disable(connection: Any, request: Request) -> Request:
    """Locked out at once, until somebody opens the account again."""
    name = name_of(request)
    _known(connection, name)
    people.lock(connection, name)
    people.end_tokens(connection, name)
    return {"ok": True}


def enable(connection: Any, request: Request) -> Request:
    """Open again, with the password from before."""
    name = name_of(request)
    if "members" not in _known(connection, name).groups:
        raise Refused("removed", f"{name} was removed: only a new password lets them in again")
    people.unlock(connection, name)
    return {"ok": True}


def address(connection: Any, request: Request) -> Request:
    """Another e-mail address, or none: letters for a lost password go there."""
    name, email = name_of(request), email_of(request)
    _known(connection, name)
    others = [o.email.lower() for o in people.find(connection).values() if o.name != name]
    if email and email.lower() in others:
        raise Refused("email-taken", f"another account has the address {email}")
    people.set_address(connection, name, email)
    return {"ok": True}


def show(connection: Any, request: Request) -> Request:
    """All that is known of one member."""
    person = _known(connection, name_of(request))
    return {"ok": True, "member": {
        **_told(person), "removed": "members" not in person.groups, "since": person.since,
        "password_since": person.password_since, "second_factor": person.second_factor}}


def list_(connection: Any, _request: Request) -> Request:
    """All members but the ones the proofs use."""
    members = [
        _told(person)
        for person in sorted(people.find(connection).values(), key=lambda one: one.name)
        if not person.name.startswith(PROOF)
    ]
    return {"ok": True, "members": members}


def _told(person: people.Person) -> Request:
    return {"name": person.name, "display_name": person.display_name, "email": person.email,
            "steward": "stewards" in person.groups, "disabled": person.disabled,
            "groups": sorted(person.groups)}


def purge(connection: Any, request: Request) -> Request:
    """A proof's account and all it made; if there is nothing, that is fine."""
    name = name_of(request)
    if not name.startswith(PROOF):
        raise Refused("refused", f"only accounts that begin with {PROOF} are purged, not {name}")
    if people.find(connection, name):
        people.delete(connection, name)
    return {"ok": True}


def _known(connection: Any, name: str) -> people.Person:
    found = people.find(connection, name)
    if not found:
        raise Refused("unknown", f"there is no account {name}")
    return found[name]


ACTIONS = {
    "create": create, "reset": reset, "remove": remove, "list": list_, "purge": purge,
    "show": show, "address": address, "disable": disable, "enable": enable, "import": many.import_,
    "groups": circles.list_, "join": circles.join, "leave": circles.leave}


def answer(action: str, text: str) -> tuple[Request, int]:
    """What to print, and how to end: 0 when done, 1 when refused."""
    try:
        request = json.loads(text.strip() or "{}")
        if not isinstance(request, dict) or action not in ACTIONS:
            raise Refused("invalid", "one action and one JSON object are needed")
        # One change at a time: calls may come together.
        with LOCK.open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            connection = connect()
            many.undo(connection)
            result = ACTIONS[action](connection, request)
            return result, 0 if result["ok"] else 1
    except Refused as refusal:
        return {"ok": False, "code": refusal.code, "message": str(refusal)}, 1
    except (ldap.CONSTRAINT_VIOLATION, ldap.INVALID_SYNTAX) as error:
        return {"ok": False, "code": "invalid", "message": _words(error)}, 1
    except (ldap.LDAPError, OSError, ValueError) as error:
        return {"ok": False, "code": "failed", "message": _words(error)}, 1


def _words(error: Exception) -> str:
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return str(told.get("info") or told.get("desc") or error)


def main() -> int:
    """One action."""
    result, status = answer(sys.argv[1] if len(sys.argv) > 1 else "", sys.stdin.read())
    print(json.dumps(result, ensure_ascii=False))
    return status


if __name__ == "__main__":
    sys.exit(main())
