# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keeps, reads and drops natm's own records on the server (ROOT/records, ROOT/public)."""

import contextlib
import json
import os
import re
import sys

FOLDERS = {"records": 0o600, "public": 0o644}


def path_of(asked):
    name = asked["name"]
    if asked["folder"] not in FOLDERS or not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name):
        raise SystemExit("natm: no such record")
    return os.path.join(asked["root"], asked["folder"], name)


def write(path, text, mode):
    # O_EXCL and O_NOFOLLOW: the public folder belongs to a container's user.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    new = path + ".new"
    if os.path.lexists(new):
        os.unlink(new)
    with os.fdopen(os.open(new, flags, mode), "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text)
    os.replace(new, path)


def read(path):
    # The public folder belongs to a container's user: nothing it links to is followed.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(path, flags), encoding="utf-8") as stream:
        return stream.read(4 << 20)


def main():
    asked = json.loads(sys.stdin.readline())
    path = path_of(asked)
    if asked["action"] == "write":
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        write(path, json.dumps(asked["value"]), FOLDERS[asked["folder"]])
    elif asked["action"] == "drop" and os.path.lexists(path):
        os.unlink(path)
    value = None
    if asked["action"] == "read" and os.path.isfile(path) and not os.path.islink(path):
        # What is no JSON was not written here: the next record replaces it.
        with contextlib.suppress(ValueError):
            value = json.loads(read(path))
    return print(json.dumps({"value": value}))


main()
