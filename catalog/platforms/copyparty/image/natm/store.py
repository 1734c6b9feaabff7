# SPDX-License-Identifier: AGPL-3.0-or-later
"""The accounts on disk: one JSON file is the truth, copyparty's own file is made from it."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TypedDict

from copyparty.pwhash import PWHash

CONFIG = Path("/etc/copyparty/copyparty.conf")
MEMBER = Path("/etc/copyparty/member.conf")
SECRET = Path("/etc/copyparty/secret.conf")
ACCOUNTS = Path("/var/lib/copyparty/accounts")
CACHE = Path("/var/lib/copyparty/cache")
FILES = Path("/srv/files")
# The process to tell when accounts have changed.
RUNNING = Path("/tmp/copyparty.pid")
# An account that belongs to nobody: the health check uploads with it, and its session shows when
# copyparty has read the accounts again.
WATCH = "natm-watch"


class Account(TypedDict):
    """What is kept of one member."""

    display_name: str
    steward: bool
    disabled: bool
    hash: str


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


def one_account() -> bool:
    """Whether members come in by the stack's one account; then those kept here open nothing."""
    lines = CONFIG.read_text("utf-8").splitlines()
    return any(line.strip().startswith("idp-h-usr:") for line in lines)


def write(accounts: Accounts) -> None:
    """Keep the accounts and write copyparty's view of them; make the folders it will mount."""
    replace(ACCOUNTS / "accounts.json", json.dumps(accounts, indent=1, sort_keys=True))
    active = [] if one_account() else sorted(
        name for name, account in accounts.items() if not account["disabled"])
    for name in [*active, WATCH]:
        home(name).mkdir(mode=0o700, parents=True, exist_ok=True)
    replace(ACCOUNTS / "members.conf", _conf(accounts, active))


def home(name: str) -> Path:
    """A member's own folder on disk."""
    return FILES / "home" / name


def shared() -> Path:
    """The folder on disk that all members share."""
    return FILES / "shared"


def password_hash(name: str, password: str) -> str:
    """The hash copyparty compares with, made by its own code from its own settings."""
    options = {}
    for line in (CONFIG.read_text("utf-8") + SECRET.read_text("utf-8")).splitlines():
        key, _, value = line.strip().partition(": ")
        if key in ("ah-alg", "ah-salt"):
            options[key.replace("-", "_")] = value
    return str(PWHash(SimpleNamespace(**options)).hash(f"{name}:{password}"))


def watch_password() -> str:
    """The health check's password: made once, readable inside this container alone."""
    path = ACCOUNTS / "watch"
    if not path.exists():
        replace(path, secrets.token_urlsafe(24))
    return path.read_text("utf-8")


def _conf(accounts: Accounts, active: list[str]) -> str:
    lines = ["# Written by natm from accounts.json; changes here are lost.", "[accounts]"]
    lines += [f"  {name}: {accounts[name]['hash']}" for name in active]
    lines += [f"  {WATCH}: {password_hash(WATCH, watch_password())}"]
    # copyparty wants no group empty; and what works for the watching account works for members.
    lines += ["[groups]", f"  members: {', '.join([*active, WATCH])}"]
    # With the one account, copyparty's own settings say where everyone's folder is.
    folder = "" if one_account() else MEMBER.read_text("utf-8")
    folders = [folder.replace("NAME", name) for name in [*active, WATCH]]
    return "\n".join(lines) + "\n" + "".join(folders)


def replace(path: Path, text: str) -> None:
    """Whole or not at all, also when the power fails."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(path)


def unusable_hash() -> str:
    """Looks like a hash and fits no password."""
    return "+" + base64.urlsafe_b64encode(secrets.token_bytes(24)).decode("ascii")
