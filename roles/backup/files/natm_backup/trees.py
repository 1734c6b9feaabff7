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


def refuse_odd(folder):
    """Data are files, folders and links. Devices and set-uid programs are nobody's minutes."""
    for above, folders, names in os.walk(folder, followlinks=False):
        for name in (*folders, *names):
            mode = os.lstat(os.path.join(above, name)).st_mode
            kind = stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
            special = stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID)
            if not kind or special:
                raise Refused("restore.odd", "the snapshot holds something that is no file of "
                              "people's: {path}", path=os.path.join(above, name)[-120:])


def settle_folder(path, volume):
    """Owner and mode as platform.yml has them."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(handle, volume["uid"], volume["gid"])
        os.fchmod(handle, int(volume["mode"], 8))
    finally:
        os.close(handle)
