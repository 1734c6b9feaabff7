# SPDX-License-Identifier: AGPL-3.0-or-later
"""Holds the server's lock for as long as the one who asked is there, and writes the audit log.

The lock is a kernel lock of this process, so it can never be left behind: it ends with the
connection, or when nothing was heard over it for a while and nothing is at work here either: a
laptop that was closed. What a broken-off run leaves is its name in owner.json, for the next one to
read. What it had begun on the server may still be going on; that holds a second lock of its own
(`flock --shared ROOT/lock/work`), and nobody gets the first before it is over.
"""

import contextlib
import datetime
import fcntl
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time

PATIENCE = 120
"""Seconds without a sign of life. Who holds the lock says something every 20."""
WAIT = 300
"""Seconds in which what an earlier run had begun may end by itself: a build, mostly."""


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


def working(root):
    """Whether something that an earlier command began is still going on here."""
    try:
        with open(os.path.join(root, "lock", "work"), "a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass  # The command in hand is the one that removes everything.
    return False


def listen():
    """A queue of the lines that come in, with None at the end."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read_all():
        for line in sys.stdin:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read_all, daemon=True).start()
    return lines


def wait_for_work(root, owner, lines, most):
    """Whether what a run that broke off had begun here is over, within so many seconds."""
    if working(root):
        say({"waiting": owner or {}})
    ends = time.monotonic() + most
    while working(root):
        if time.monotonic() > ends:
            return False
        with contextlib.suppress(queue.Empty):
            if lines.get(timeout=0.5) is None:
                return False
    return True


def end_what_broke_off(root):
    """What the server's own program says of an upgrade or a restore that it had to end, or None.

    No command goes on from half of one.
    """
    own = os.path.join(root, "backup")
    if not any(os.path.isdir(folder) and any(n.endswith(".json") for n in os.listdir(folder))
               for folder in (os.path.join(own, "upgrading"), os.path.join(own, "restoring"))):
        return None
    say({"ending": True})
    done = subprocess.run([sys.executable, "-B", os.path.join(own, "natm_backup"), "recover"],
                          input="{}\n", capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return {"ok": False, "code": "backup.no-answer", "hint": None, "says": {
            "text": "what broke off could not be ended: {why}",
            "values": {"why": done.stderr.strip()[-300:]}}}


def last_word(root, lines, patience):
    """How the one who asked says it ended; None where they went without a word."""
    heard = time.monotonic()
    while time.monotonic() - heard < patience:
        with contextlib.suppress(queue.Empty):
            line = lines.get(timeout=min(patience / 4, 5))
            if line is None or line.strip():
                return json.loads(line)["result"] if line else None
            heard = time.monotonic()
        if working(root):
            heard = time.monotonic()
    return None


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
    lines = listen()
    if not wait_for_work(root, before, lines, asked.get("wait", WAIT)):
        return say({"held": False, "owner": before or {}, "finishing": True})
    owner = {"by": asked["by"], "command": asked["command"], "since": now()}
    with open(owner_file, "w", encoding="utf-8") as stream:
        json.dump(owner, stream)
    audit(root, {"by": asked["by"], "command": asked["command"], "event": "begins"})
    say({"held": True, "unfinished": before, "ended": end_what_broke_off(root)})
    end = last_word(root, lines, asked.get("patience", PATIENCE))
    with contextlib.suppress(FileNotFoundError):
        audit(root, {"by": asked["by"], "command": asked["command"], "event": end or "broken off"})
        if end:
            os.unlink(owner_file)
    return None


main()
# A thread may still wait for a word: it does not keep this process.
os._exit(0)
