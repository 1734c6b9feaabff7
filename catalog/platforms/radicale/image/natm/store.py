# SPDX-License-Identifier: AGPL-3.0-or-later
"""The accounts on disk: one JSON file is the truth, the file Radicale reads is made from it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import bcrypt

ACCOUNTS = Path("/var/lib/radicale/accounts")
COLLECTIONS = Path("/var/lib/radicale/collections")
# Programs send the password with every single request, so a check may cost some 70 ms of an
# ordinary processor and no more. The passwords natm makes are long.
ROUNDS = 10


class Account(TypedDict):
    """What is kept of one member; a locked one has no hash."""

    display_name: str
    steward: bool
    hash: str | None


Accounts = dict[str, Account]


@contextmanager
def locked() -> Iterator[None]:
    """One change at a time: calls that come together must not lose each other's accounts."""
    with (ACCOUNTS / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read() -> Accounts:
    """All accounts, locked ones too."""
    try:
        accounts: Accounts = json.loads((ACCOUNTS / "accounts.json").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return accounts


def write(accounts: Accounts) -> None:
    """Keep the accounts and write Radicale's view of them; it looks there at every sign-in."""
    _replace(ACCOUNTS / "accounts.json", json.dumps(accounts, indent=1, sort_keys=True))
    lines = [f"{name}:{a['hash']}\n" for name, a in sorted(accounts.items()) if a["hash"]]
    _replace(ACCOUNTS / "users", "".join(lines))


def password_hash(password: str) -> str:
    """What Radicale compares a password with."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode("ascii")


def delete_collections(name: str) -> None:
    """Everything of one member, while Radicale stands still: its own lock is held."""
    COLLECTIONS.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (COLLECTIONS / ".Radicale.lock").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for folder in ("collection-root", "collection-cache"):
            shutil.rmtree(COLLECTIONS / folder / name, ignore_errors=True)


def _replace(path: Path, text: str) -> None:
    """Whole or not at all, also when the power fails."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(path)
