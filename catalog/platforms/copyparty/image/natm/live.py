# SPDX-License-Identifier: AGPL-3.0-or-later
"""What touches the running copyparty: its sessions, its reload, what it keeps of a member."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import health
import store

PATIENCE_S = 30


def reload(ending: str) -> None:
    """Have the accounts read again and wait until that has happened.

    While it reads them, copyparty gives every account without a session a new one. So we take
    away the sessions of the member concerned and of the watching account, and wait for the
    latter's to come back: from then on the new accounts hold.
    """
    _sessions("delete from us where un in (?, ?)", ending, store.WATCH)
    os.kill(int(store.RUNNING.read_text("utf-8")), signal.SIGUSR1)
    _wait_until(lambda: bool(_sessions("select 1 from us where un = ?", store.WATCH)),
                "the accounts are written, but copyparty did not read them again")
    _wait_until(_takes_uploads, "the accounts are changed, but uploads do not work")


def _wait_until(done: Callable[[], bool], failure: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(failure)
        time.sleep(0.05)


def _takes_uploads() -> bool:
    try:
        health.upload()
    except OSError:
        return False
    return True


def _sessions(statement: str, *values: str) -> list[tuple[int]]:
    with sqlite3.connect(store.CACHE / "sessions.db", timeout=PATIENCE_S) as database:
        rows = database.execute(statement, values).fetchall()
    database.close()
    return rows


def forget_own_password(name: str) -> None:
    """Drop the password a member chose on the page, so that the one given now holds."""
    path = store.ACCOUNTS / "passwords.json"
    if not path.exists():
        return
    kept = [entry for entry in json.loads(path.read_text("utf-8") or "[]") if entry[0] != name]
    store.replace(path, json.dumps(kept))


def forget_person(name: str) -> None:
    """Drop whom copyparty remembers as having come in by the one account, once it reads again."""
    path = store.ACCOUNTS / "people.db"
    if path.exists():
        with sqlite3.connect(path, timeout=PATIENCE_S) as database:
            database.execute("delete from us where un = ?", (name,))
        database.close()


def delete_traces(name: str) -> None:
    """A member's own folder, their folder of that name among the shared ones, and the index."""
    own = store.home(name)
    # A folder that vanishes while copyparty walks through it stops its uploads until a restart.
    _wait_until(lambda: not health.indexing(), "copyparty is indexing; try again later")
    for folder in (own, store.shared() / name):
        shutil.rmtree(folder, ignore_errors=True)
    for owner in Path(store.CACHE, "index").rglob("owner.txt"):
        if owner.read_text("utf-8").strip() == str(own):
            shutil.rmtree(owner.parent, ignore_errors=True)
