# SPDX-License-Identifier: AGPL-3.0-or-later
"""Accounts of members, and who is signed in. Passwords are kept as scrypt hashes."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import Kept

NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
PROOF = "natm-proof-"
SESSION_SECONDS = 12 * 3600
MOST_SESSIONS = 10
"""Of one account; the oldest goes when another one is begun."""
COST, BLOCK, TIMES = 2**14, 8, 5
LONGEST_PASSWORD = 256
IN, GUEST, GONE = "in", "guest", "removed"
"""What has become of somebody who came in as a member: still one, signed out, locked out."""


@dataclass(frozen=True)
class Account:
    """A member as the service knows them."""

    name: str
    display_name: str
    steward: bool


def hashed(password: str, salt: bytes) -> str:
    """Some 16 MiB and a fifth of a second: dear for whoever guesses."""
    made = hashlib.scrypt(password.encode(), salt=salt, n=COST, r=BLOCK, p=TIMES,
                          maxmem=64 * 1024 * 1024)
    return f"{salt.hex()}${made.hex()}"


def fits(password: str, kept: str) -> bool:
    """Whether a password is the one of this hash; takes as long where there is none."""
    salt, _, rest = kept.partition("$")
    made = hashed(password, bytes.fromhex(salt or "00" * 16)).partition("$")[2]
    return hmac.compare_digest(made, rest) and bool(rest)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Accounts:
    """The accounts and sessions on disk."""

    def __init__(self, folder: Path) -> None:
        self._kept = Kept(folder / "accounts.json")

    @property
    def path(self) -> Path:
        """Where they are, for whoever looks whether they changed."""
        return self._kept.path

    def all(self) -> dict[str, Any]:
        """Every account with what is kept of it."""
        return self._kept.read()

    def open_account(self, name: str) -> Account | None:
        """The account of this name, unless there is none or it is locked."""
        kept = self._kept.read().get(name)
        if not kept or kept["disabled"]:
            return None
        return Account(name, kept["display_name"], kept["steward"])

    def check(self, name: str, password: str) -> Account | None:
        """The account, where the password is right. Slow; not for the event loop."""
        account = self.open_account(name) if NAME.fullmatch(name) else None
        # It may be removed between the two looks.
        kept = self._kept.read().get(name, {}) if account else {}
        return account if fits(password[:LONGEST_PASSWORD], kept.get("hash", "")) else None

    def begin_session(self, name: str) -> str | None:
        """A new session's token; None where the account was locked in the meantime."""
        token, now = secrets.token_urlsafe(32), time.time()
        with self._kept.changed() as accounts:
            kept = accounts.get(name)
            if not kept or kept["disabled"]:
                return None
            going = sorted((ends, key) for key, ends in kept["sessions"].items() if ends > now)
            kept["sessions"] = {key: ends for ends, key in going[-MOST_SESSIONS + 1:]}
            kept["sessions"][_digest(token)] = now + SESSION_SECONDS
        return f"{name}.{token}"

    def session(self, cookie: str) -> Account | None:
        """Who this cookie belongs to, if to anybody still."""
        name, _, token = cookie.partition(".")
        kept = self._kept.read().get(name)
        if not kept or kept["sessions"].get(_digest(token), 0) < time.time():
            return None
        return self.open_account(name)

    def state(self, name: str, cookie: str) -> str:
        """Whether somebody who came in with this session is still welcome as this member."""
        if self.open_account(name) is None:
            return GONE
        return IN if self.session(cookie) else GUEST

    def end_session(self, cookie: str) -> None:
        """Sign out."""
        name, _, token = cookie.partition(".")
        with self._kept.changed() as accounts:
            if name in accounts:
                accounts[name]["sessions"].pop(_digest(token), None)

    # What the members program does

    def put(self, name: str, password: str, display_name: str, steward: bool) -> None:
        """Make an account, or a standing proof account anew."""
        made = hashed(password, os.urandom(16))
        with self._kept.changed() as accounts:
            if name in accounts and not name.startswith(PROOF):
                raise FileExistsError(name)
            accounts[name] = {"display_name": display_name, "steward": steward,
                              "disabled": False, "hash": made, "sessions": {}}

    def reset(self, name: str, password: str) -> None:
        """A new password; open again, and signed out everywhere."""
        made = hashed(password, os.urandom(16))
        with self._kept.changed() as accounts:
            accounts[name].update({"hash": made, "disabled": False, "sessions": {}})

    def lock(self, name: str) -> None:
        """Nobody signs in with this name any more; the name stays taken."""
        with self._kept.changed() as accounts:
            if name in accounts:
                accounts[name].update({"hash": "", "disabled": True, "sessions": {}})

    def drop(self, name: str) -> None:
        """As if it had never been; for proofs only."""
        with self._kept.changed() as accounts:
            accounts.pop(name, None)
