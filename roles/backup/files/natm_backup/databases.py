# SPDX-License-Identifier: AGPL-3.0-or-later
"""SQLite databases of platforms: set aside in one moment, made whole and checked afterwards."""

import json
import os
import pathlib
import sys

from engine import last_words, run
from house import Refused

# Debian's own, which every user of the system may run.
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
PROGRAM = pathlib.Path(__file__).with_name("settle.py")


def settle(aside, linked, target):
    """Make each database that was set aside whole, and put it where it belongs below `target`.

    What is in a database comes from a platform, so it is opened as the platform's own user.
    """
    found = {}
    for number, path in enumerate(linked.databases):
        folder = aside / str(number)
        own = os.stat(folder / "database")
        rows = _rows(folder, own.st_uid, own.st_gid, path)
        whole = folder / "whole"
        # Not through a link, should the platform's user have put one there.
        handle = os.open(whole, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            os.fchown(handle, own.st_uid, own.st_gid)
            os.fchmod(handle, own.st_mode & 0o777)
            os.utime(handle, ns=(own.st_atime_ns, own.st_mtime_ns))
            size = os.fstat(handle).st_size
        finally:
            os.close(handle)
        os.rename(whole, target / path)
        linked.files += 1
        linked.bytes += size
        found[path] = {"rows": rows}
    return found


def _rows(folder, uid, gid, path):
    for name in os.listdir(folder):
        os.chown(folder / name, uid, gid, follow_symlinks=False)
    os.chown(folder, uid, gid)
    # As words: that user cannot read the program's folder.
    done = run([PYTHON, "-I", "-c", PROGRAM.read_text(encoding="utf-8")], cwd=folder, check=False,
               timeout=3600, user=uid, group=gid, extra_groups=[])
    if done.returncode != 0:
        raise Refused("backup.bad-database", "the database {path} could not be saved: {why}",
                      path=path, why=last_words(done.stderr))
    rows = json.loads(done.stdout)
    return {str(name): int(count) for name, count in rows.items()}
