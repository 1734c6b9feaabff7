# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members' accounts: an action as the only argument, one JSON object in, one out."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

import store

NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
PROOF = "natm-proof-"
# bcrypt looks at no more than 72 bytes.
LONGEST_PASSWORD = 72
Request = dict[str, Any]


class Refused(Exception):
    """Why it is not done: a code for programs, a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def create(request: Request) -> Request:
    """A new account; one that belongs to a proof is opened again."""
    name, fresh = _name(request), _hash(request)
    with store.locked():
        accounts = store.read()
        if name in accounts and not name.startswith(PROOF):
            raise Refused("exists", f"there is an account {name} already")
        accounts[name] = store.Account(
            display_name=str(request.get("display_name") or name),
            steward=request.get("steward") is True, hash=fresh)
        store.write(accounts)
    return {"ok": True}


def reset(request: Request) -> Request:
    """A new password; a locked account is open again."""
    name, fresh = _name(request), _hash(request)
    with store.locked():
        accounts = _known(name)
        accounts[name]["hash"] = fresh
        store.write(accounts)
    return {"ok": True}


def remove(request: Request) -> Request:
    """Locked out at once: no session outlives a password here. Calendars and name stay."""
    name = _name(request)
    with store.locked():
        accounts = _known(name)
        accounts[name]["hash"] = None
        store.write(accounts)
    return {"ok": True}


def list_(_request: Request) -> Request:
    """All members but the ones the proofs use."""
    members = [
        {"name": name, "display_name": account["display_name"], "steward": account["steward"],
         "disabled": account["hash"] is None}
        for name, account in sorted(store.read().items()) if not name.startswith(PROOF)
    ]
    return {"ok": True, "members": members}


def purge(request: Request) -> Request:
    """A proof's account and all it made; the account first, so that nothing is added meanwhile."""
    name = _name(request)
    if not name.startswith(PROOF):
        raise Refused("refused", f"only accounts that begin with {PROOF} are purged, not {name}")
    with store.locked():
        accounts = store.read()
        if accounts.pop(name, None):
            store.write(accounts)
        store.delete_collections(name)
    return {"ok": True}


def end(request: Request) -> Request:
    """With the one account nothing stays open here: the edge asks anew with every request."""
    _name(request)
    return {"ok": True}


def _known(name: str) -> store.Accounts:
    accounts = store.read()
    if name not in accounts:
        raise Refused("unknown", f"there is no account {name}")
    return accounts


def _name(request: Request) -> str:
    name = request.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Refused("invalid", "a name is 2 to 31 small letters, digits, hyphens; a letter first")
    return name


def _hash(request: Request) -> str:
    password = request.get("password")
    if not isinstance(password, str) or not 8 <= len(password.encode()) <= LONGEST_PASSWORD:
        raise Refused("invalid", f"a password here has 8 to {LONGEST_PASSWORD} characters")
    if not password.isprintable():
        raise Refused("invalid", "the password has a character nobody can type")
    return store.password_hash(password)


ACTIONS = {"create": create, "reset": reset, "remove": remove, "list": list_, "purge": purge,
           "end": end}


def main() -> int:
    """0 when done, 1 when refused; either way the answer is one JSON object."""
    os.umask(0o077)
    try:
        request = json.loads(sys.stdin.read() or "{}")
        if not isinstance(request, dict) or len(sys.argv) != 2 or sys.argv[1] not in ACTIONS:
            raise Refused("invalid", "one action and one JSON object are needed")
        answer, status = ACTIONS[sys.argv[1]](request), 0
    except Refused as refusal:
        answer, status = {"ok": False, "code": refusal.code, "message": str(refusal)}, 1
    except (OSError, ValueError) as error:
        answer, status = {"ok": False, "code": "failed", "message": str(error)}, 1
    print(json.dumps(answer, ensure_ascii=False))
    return status


if __name__ == "__main__":
    sys.exit(main())
