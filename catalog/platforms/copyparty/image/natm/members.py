# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members' accounts: an action as the only argument, one JSON object in, one out."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

import live
import store

NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
PROOF = "natm-proof-"
# copyparty's sign-in form takes no longer password.
LONGEST_PASSWORD = 64
Request = dict[str, Any]


class Refused(Exception):
    """Why it is not done: a code for programs, a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def create(request: Request) -> Request:
    """A new account with its own folder; a standing proof account is opened again."""
    name = _name(request)
    if name.startswith("natm-") and not name.startswith(PROOF):
        raise Refused("reserved", f"names that begin with natm- are not for members: {name}")
    account = store.Account(
        display_name=str(request.get("display_name") or name),
        steward=request.get("steward") is True, disabled=False, hash=_hash(name, request),
    )
    with store.locked():
        accounts = store.read()
        if name in accounts and not name.startswith(PROOF):
            raise Refused("exists", f"there is an account {name} already")
        _apply({**accounts, name: account}, name)
    return {"ok": True}


def reset(request: Request) -> Request:
    """A new password; a locked account is open again. Whoever was signed in is signed out."""
    name, fresh = _name(request), _hash(_name(request), request)
    with store.locked():
        accounts = _known(name)
        accounts[name].update({"hash": fresh, "disabled": False})
        _apply(accounts, name)
    return {"ok": True}


def remove(request: Request) -> Request:
    """Locked out at once. The files stay, and so does the name: nobody else will get it."""
    name = _name(request)
    with store.locked():
        accounts = _known(name)
        accounts[name].update({"hash": store.unusable_hash(), "disabled": True})
        _apply(accounts, name)
    return {"ok": True}


def list_(_request: Request) -> Request:
    """All members but the ones the proofs use."""
    members = [
        {"name": name, "display_name": account["display_name"], "steward": account["steward"],
         "disabled": account["disabled"]}
        for name, account in sorted(store.read().items()) if not name.startswith(PROOF)
    ]
    return {"ok": True, "members": members}


def purge(request: Request) -> Request:
    """A proof's account and all it made; nothing is left, and nothing there is no error."""
    name = _name(request)
    if not name.startswith(PROOF):
        raise Refused("refused", f"only accounts that begin with {PROOF} are purged, not {name}")
    with store.locked():
        accounts = store.read()
        if accounts.pop(name, None) or store.one_account():
            _apply(accounts, name)
        live.delete_traces(name)
    return {"ok": True}


def end(request: Request) -> Request:
    """With the one account nothing stays open here: the edge asks anew with every request."""
    _name(request)
    return {"ok": True}


def _apply(accounts: store.Accounts, name: str) -> None:
    """Write, end the member's sessions, and wait until copyparty knows."""
    store.write(accounts)
    live.forget_own_password(name)
    live.forget_person(name)
    live.reload(ending=name)


def _known(name: str) -> store.Accounts:
    accounts = store.read()
    if name not in accounts:
        raise Refused("unknown", f"there is no account {name}")
    return accounts


def _name(request: Request) -> str:
    name = request.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Refused(
            "invalid", "a name is 2 to 31 small letters, digits and hyphens, a letter first")
    return name


def _hash(name: str, request: Request) -> str:
    password = request.get("password")
    if not isinstance(password, str) or not 8 <= len(password) <= LONGEST_PASSWORD:
        raise Refused("invalid", f"a password here has 8 to {LONGEST_PASSWORD} characters")
    return store.password_hash(name, password)


ACTIONS = {"create": create, "reset": reset, "remove": remove, "list": list_, "purge": purge,
           "end": end}


def main() -> int:
    """0 when done, 1 when refused; either way the answer is one JSON object."""
    os.umask(0o077)
    try:
        request = json.loads(sys.stdin.read() or "{}")
        if not isinstance(request, dict) or sys.argv[1:2][0] not in ACTIONS:
            raise Refused("invalid", "one action and one JSON object are needed")
        answer, status = ACTIONS[sys.argv[1]](request), 0
    except Refused as refusal:
        answer, status = {"ok": False, "code": refusal.code, "message": str(refusal)}, 1
    except (OSError, ValueError, IndexError, TimeoutError) as error:
        answer, status = {"ok": False, "code": "failed", "message": str(error)}, 1
    print(json.dumps(answer, ensure_ascii=False))
    return status


if __name__ == "__main__":
    sys.exit(main())
