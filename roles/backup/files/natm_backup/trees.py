# SPDX-License-Identifier: AGPL-3.0-or-later
"""Folders out of a repository, which somebody else may have written to: looked at before use."""

import os
import stat

from house import Refused


def folder_in(top, *names):
    """A folder below another, every step of which is a folder and no link to somewhere else."""
    path = top
    for name in names:
        if name in ("", ".", "..") or "/" in name:
            raise Refused("restore.odd", "the snapshot has an impossible name: {name}",
                          name=name[:60])
        path = path / name
        try:
            mode = os.lstat(path).st_mode
        except FileNotFoundError as error:
            raise Refused("restore.incomplete", "the snapshot lacks {path}",
                          path="/".join(names)) from error
        if not stat.S_ISDIR(mode):
            raise Refused("restore.odd", "in the snapshot, {path} is no folder",
                          path="/".join(names))
    return path


SET_ID = stat.S_ISUID | stat.S_ISGID


def tame_odd(folder):
    """Data are files, folders and links. Devices go, and no file runs as its owner any more; how
    many there were. One of them must not keep all the rest from coming back."""
    found = 0
    for above, folders, names in os.walk(folder, followlinks=False):
        for name in (*folders, *names):
            path = os.path.join(above, name)
            mode = os.lstat(path).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
                os.unlink(path)
                found += 1
            elif stat.S_ISREG(mode) and mode & SET_ID:
                handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
                os.fchmod(handle, stat.S_IMODE(mode) & ~SET_ID)
                os.close(handle)
                found += 1
    return found


def settle_folder(path, volume):
    """Owner and mode as platform.yml has them."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(handle, volume["uid"], volume["gid"])
        os.fchmod(handle, int(volume["mode"], 8))
    finally:
        os.close(handle)
