# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members' accounts: an action as the only argument, one JSON object in, one out."""

from __future__ import annotations

import fcntl
import json
import re
import sys
from pathlib import Path
from typing import Any

import ldap
import people
from connection import connect

NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
PROOF = "natm-proof-"
LOCK = Path("/tmp/members.lock")
Request = dict[str, Any]


class Refused(Exception):
    """Why it is not done: a code for programs, a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def create(connection: Any, request: Request) -> Request:
    """A new account; that of a proof which is there already is opened again."""
    name, password = _name(request), _password(request)
    if name.startswith("natm-") and not name.startswith(PROOF):
        raise Refused("invalid", f"names that begin with natm- are not for members: {name}")
    there = people.find(connection, name)
    if there and not name.startswith(PROOF):
        raise Refused("exists", f"there is or was an account {name}")
    if not there:
        people.add(connection, name, _display_name(request), request.get("email") or None)
    return _open(connection, name, password, request.get("steward") is True)


def reset(connection: Any, request: Request) -> Request:
    """A new password; a locked account is open again. Sessions that are open end."""
    name, password = _name(request), _password(request)
    person = _known(connection, name)
    people.end_tokens(connection, name)
    return _open(connection, name, password, "stewards" in person.groups)


def _open(connection: Any, name: str, password: str, steward: bool) -> Request:
    # The password first: an account that was locked must not open with its old one.
    people.set_password(connection, name, password)
    people.unlock(connection, name)
    people.belong(connection, name, "stewards", steward)
    people.belong(connection, name, "members", True)
    return {"ok": True}


def remove(connection: Any, request: Request) -> Request:
    """Locked out at once. The entry stays, and so does the name: nobody else will get it."""
    name = _name(request)
    _known(connection, name)
    people.lock(connection, name)
    people.leave_all(connection, name)
    people.end_tokens(connection, name)
    return {"ok": True}


def list_(connection: Any, _request: Request) -> Request:
    """All members but the ones the proofs use."""
    members = [
        {"name": person.name, "display_name": person.display_name,
         "steward": "stewards" in person.groups, "disabled": person.disabled,
         "groups": sorted(person.groups)}
        for person in sorted(people.find(connection).values(), key=lambda one: one.name)
        if not person.name.startswith(PROOF)
    ]
    return {"ok": True, "members": members}


def purge(connection: Any, request: Request) -> Request:
    """A proof's account and all it made; if there is nothing, that is fine."""
    name = _name(request)
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


def _name(request: Request) -> str:
    name = request.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Refused(
            "invalid", "a name is 2 to 31 small letters, digits and hyphens, a letter first")
    return name


def _password(request: Request) -> str:
    password = request.get("password")
    if not isinstance(password, str) or not 8 <= len(password) <= 200 or "\0" in password:
        raise Refused("invalid", "a password has 8 to 200 characters")
    return password


def _display_name(request: Request) -> str:
    shown = " ".join(str(request.get("display_name") or request["name"]).split())
    if not shown.isprintable() or not 0 < len(shown) <= 100:
        raise Refused("invalid", "a display name has at most 100 characters, all of them visible")
    return shown


ACTIONS = {"create": create, "reset": reset, "remove": remove, "list": list_, "purge": purge}


def answer(action: str, text: str) -> tuple[Request, int]:
    """What to print, and how to end: 0 when done, 1 when refused."""
    try:
        request = json.loads(text.strip() or "{}")
        if not isinstance(request, dict) or action not in ACTIONS:
            raise Refused("invalid", "one action and one JSON object are needed")
        # One change at a time: calls may come together.
        with LOCK.open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return ACTIONS[action](connect(), request), 0
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
