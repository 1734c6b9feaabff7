# SPDX-License-Identifier: AGPL-3.0-or-later
"""Puts folders and files in place, all at once, and names those it had to change.

A platform has some twenty small files; a task for each would cost more than all the rest of a
deployment. Reads from standard input {"folders": [...], "files": [...], "stale": [...]}.
"""

import json
import os
import stat
import sys


def owned(item):
    return int(item.get("owner", 0)), int(item.get("group", 0)), int(item.get("mode", "0700"), 8)


def settle(path, item):
    """Give a path its owner, group and mode; say whether that changed anything."""
    uid, gid, mode = owned(item)
    found = os.lstat(path)
    if (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (uid, gid, mode):
        return False
    os.chown(path, uid, gid, follow_symlinks=False)
    os.chmod(path, mode)
    return True


def folder(item):
    path = item["path"]
    if os.path.islink(path) or (os.path.exists(path) and not os.path.isdir(path)):
        sys.exit(f"{path} should be a folder, and is something else")
    made = not os.path.isdir(path)
    if made:
        # Folders in between are passed through by the containers' users too.
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        os.mkdir(path, 0o700)
    return settle(path, item) or made


def same(path, data):
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    with open(path, "rb") as stream:
        return stream.read() == data


def file(item):
    path, data = item["path"], item["content"].encode("utf-8", "surrogateescape")
    if same(path, data):
        return settle(path, item)
    new = path + ".natm-new"
    if os.path.lexists(new):
        os.unlink(new)
    # Nobody may read it before it has its owner and mode.
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
    settle(new, item)
    os.replace(new, path)
    return True


def gone(path):
    if not os.path.lexists(path):
        return False
    os.unlink(path)
    return True


def main():
    os.umask(0o022)
    asked = json.load(sys.stdin)
    changed = [item["path"] for item in asked["folders"] if folder(item)]
    changed += [item["path"] for item in asked["files"] if file(item)]
    changed += [path for path in asked["stale"] if gone(path)]
    print(json.dumps({"changed": changed}))


main()
