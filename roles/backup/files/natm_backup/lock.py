# SPDX-License-Identifier: AGPL-3.0-or-later
"""One at a time on this server: the same lock that natm's commands take."""

import contextlib
import fcntl
import json
import os
import time

from house import Refused, now, read_json, stamp, write_json

PATIENCE = 2 * 3600
"""How long the timer waits for a command to end."""


@contextlib.contextmanager
def working(house):
    """Held as long as something goes on here, whoever began it: nobody else starts meanwhile."""
    folder = house.root / "lock"
    folder.mkdir(mode=0o700, exist_ok=True)
    with open(folder / "work", "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def alone(house, command, patience=PATIENCE):
    """The lock itself, for a run that no command of natm's holds it for."""
    folder = house.root / "lock"
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = folder / "owner.json"
    with open(folder / "lock", "a") as handle:
        wait(house, handle, patience)
        wait_for_work(folder, patience)
        write_json(owner, {"by": "the server's timer", "command": command, "since": stamp(now())})
        audit(house, command, "begins")
        try:
            yield
        except BaseException:
            audit(house, command, "failed")
            raise
        else:
            audit(house, command, "done")
        finally:
            owner.unlink(missing_ok=True)


def wait(house, handle, patience):
    ends = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > ends:
                owner = read_json(house.root / "lock" / "owner.json", {})
                raise Refused("server.locked", "{who} is at work on this server: {command}",
                              who=owner.get("by", "?"), command=owner.get("command", "?"),
                              ) from error
            time.sleep(min(10, max(0.1, patience / 10)))


def wait_for_work(folder, patience):
    """What a command that broke off had begun is over before this begins."""
    ends = time.monotonic() + patience
    with open(folder / "work", "a") as handle:
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > ends:
                    raise Refused("server.finishing", "what an earlier command began on this "
                                  "server is still being finished") from error
                time.sleep(min(10, max(0.1, patience / 10)))


def audit(house, command, event):
    line = {"at": stamp(now()), "by": "the server's timer", "command": command, "event": event}
    with open(house.root / "audit.log", "a", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(json.dumps(line) + "\n")
