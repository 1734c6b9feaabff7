# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members' accounts: an action as the only argument, one JSON object in, one out."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from . import files
from .accounts import LONGEST_PASSWORD, NAME, PROOF, Accounts
from .settings import data_folder
from .store import tidy
from .told import Ended

SHORTEST_PASSWORD, LONGEST_NAME = 8, 60
NOTICED_SECONDS = 1.2
"""The service looks twice a second: after this, whoever was removed is out of every meeting."""
Request = dict[str, Any]


class Refused(Exception):
    """Why it is not done: a code for programs, a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def create(request: Request) -> Request:
    """A new account; a proof's account is made anew."""
    name, password = _name(request), _password(request)
    if name.startswith("natm-") and not name.startswith(PROOF):
        raise Refused("refused", f"names that begin with natm- are not for members: {name}")
    shown = tidy(str(request.get("display_name") or name))[:LONGEST_NAME] or name
    try:
        _accounts().put(name, password, shown, request.get("steward") is True)
    except FileExistsError as error:
        raise Refused("exists", f"there is or was an account {name} already") from error
    return {"ok": True}


def reset(request: Request) -> Request:
    """A new password; a locked account is open again. Whoever was signed in is signed out."""
    name, password = _name(request), _password(request)
    _known(name)
    _accounts().reset(name, password)
    return {"ok": True}


def remove(request: Request) -> Request:
    """Locked out at once, meetings included. The rooms stay, and so does the name."""
    name = _name(request)
    _known(name)
    _accounts().lock(name)
    time.sleep(NOTICED_SECONDS)
    return {"ok": True}


def list_(_request: Request) -> Request:
    """All members but the ones the proofs use."""
    members = [{"name": name, "display_name": kept["display_name"], "steward": kept["steward"],
                "disabled": kept["disabled"]}
               for name, kept in sorted(_accounts().all().items()) if not name.startswith(PROOF)]
    return {"ok": True, "members": members}


def purge(request: Request) -> Request:
    """A proof's account and the rooms it made; nothing there is no error."""
    name = _name(request)
    if not name.startswith(PROOF):
        raise Refused("refused", f"only accounts that begin with {PROOF} are purged, not {name}")
    _accounts().drop(name)
    ended = Ended(data_folder())
    ended.put_out(name)
    _drop_rooms(name)
    time.sleep(NOTICED_SECONDS)
    ended.drop(name)
    return {"ok": True}


def end(request: Request) -> Request:
    """Out of every meeting, where the account is kept elsewhere; nobody is no error.

    An account from before must not open with its old password, should accounts come back here.
    """
    name = _name(request)
    Ended(data_folder()).put_out(name)
    _accounts().lock(name)
    time.sleep(NOTICED_SECONDS)
    return {"ok": True}


def _drop_rooms(name: str) -> None:
    kept = files.Kept(data_folder() / "rooms.json")
    with kept.changed() as rooms:
        for link in [link for link, room in rooms.items() if room["made_by"] == name]:
            del rooms[link]


def _accounts() -> Accounts:
    return Accounts(data_folder())


def _known(name: str) -> None:
    if name not in _accounts().all():
        raise Refused("unknown", f"there is no account {name}")


def _name(request: Request) -> str:
    name = request.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Refused(
            "invalid", "a name is 2 to 31 small letters, digits and hyphens, a letter first")
    return name


def _password(request: Request) -> str:
    password = request.get("password")
    if not isinstance(password, str) or \
            not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Refused("invalid", f"a password here has {SHORTEST_PASSWORD} to "
                                 f"{LONGEST_PASSWORD} characters")
    return password


ACTIONS = {"create": create, "reset": reset, "remove": remove, "list": list_, "purge": purge,
           "end": end}


def main() -> int:
    """0 when done, 1 when refused; either way the answer is one JSON object."""
    os.umask(0o077)
    try:
        request = json.loads(sys.stdin.read() or "{}")
        action = ACTIONS.get(sys.argv[1]) if len(sys.argv) == 2 else None
        if action is None or not isinstance(request, dict):
            raise Refused("invalid", "one action and one JSON object are needed")
        answer, status = action(request), 0
    except Refused as refusal:
        answer, status = {"ok": False, "code": refusal.code, "message": str(refusal)}, 1
    except (OSError, ValueError, KeyError) as error:
        answer, status = {"ok": False, "code": "failed", "message": type(error).__name__}, 1
    print(json.dumps(answer, ensure_ascii=False))
    return status


if __name__ == "__main__":
    sys.exit(main())
