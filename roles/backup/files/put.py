# SPDX-License-Identifier: AGPL-3.0-or-later
"""Puts files for root alone into a folder, all at once, and names those it had to change.

Reads from standard input {"folder": ..., "files": {path in it: text}}. Of folders that are named,
what is not named goes.
"""

import json
import os
import sys


def put(path, text):
    if os.path.isfile(path) and not os.path.islink(path):
        with open(path, encoding="utf-8") as stream:
            if stream.read() == text and os.stat(path).st_mode & 0o777 == 0o600:
                return False
    new = path + ".natm-new"
    if os.path.lexists(new):
        os.unlink(new)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(new, path)
    return True


def main():
    os.umask(0o077)
    asked = json.load(sys.stdin)
    top, changed = asked["folder"], []
    for folder in {os.path.dirname(path) for path in asked["files"]} - {""}:
        os.makedirs(os.path.join(top, folder), 0o700, exist_ok=True)
        for name in os.listdir(os.path.join(top, folder)):
            path = f"{folder}/{name}"
            if path not in asked["files"] and os.path.isfile(os.path.join(top, path)):
                os.unlink(os.path.join(top, path))
                changed.append(path)
    changed += [p for p, text in asked["files"].items() if put(os.path.join(top, p), text)]
    print(json.dumps({"changed": changed}))


main()
