# SPDX-License-Identifier: AGPL-3.0-or-later
"""Holds the server's lock for as long as the one who asked is there, and writes the audit log.

The lock is a kernel lock of this process, so it can never be left behind: it ends with the
connection. What a broken-off run leaves is its name in owner.json, for the next one to read.
"""

import contextlib
import datetime
import fcntl
import json
import os
import signal
import sys


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017  # older servers


def say(value):
    with contextlib.suppress(OSError):
        print(json.dumps(value), flush=True)


def read(path):
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except (OSError, ValueError):
        return None


def audit(root, line):
    with open(os.path.join(root, "audit.log"), "a", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(json.dumps({"at": now(), **line}) + "\n")


def main():
    asked = json.loads(sys.stdin.readline())
    root, owner_file = asked["root"], os.path.join(asked["root"], "lock", "owner.json")
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with contextlib.suppress(FileExistsError):
        os.makedirs(root, 0o711)
    os.makedirs(os.path.join(root, "lock"), 0o700, exist_ok=True)
    # Open until this process ends: the kernel's lock is on it.
    handle = open(os.path.join(root, "lock", "lock"), "a")  # noqa: SIM115
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return say({"held": False, "owner": read(owner_file) or {}})
    before = read(owner_file)
    owner = {"by": asked["by"], "command": asked["command"], "since": now()}
    with open(owner_file, "w", encoding="utf-8") as stream:
        json.dump(owner, stream)
    audit(root, {"by": asked["by"], "command": asked["command"], "event": "begins"})
    say({"held": True, "unfinished": before})
    end = sys.stdin.readline()
    event = json.loads(end)["result"] if end.strip() else "broken off"
    audit(root, {"by": asked["by"], "command": asked["command"], "event": event})
    if end.strip():
        os.unlink(owner_file)
    return None


main()
