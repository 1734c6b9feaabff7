# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a platform's files lie while it is upgraded: those in use, those put ready, and those
before. They change places by renaming, so that each is whole wherever it is."""

import os
import shutil

from house import Refused, read_json, write_json

RECEIPT = "receipt.json"
"""In a folder that is not in use: what the receipt says, or said, of it."""
MARK = "earlier.json"
"""In the folder that was in use before: which upgrade put it there, and from which snapshot its
data come back."""


def staged(house, id_):
    return house.root / "bundle" / "staged" / id_


def earlier(house, id_):
    return house.root / "bundle" / "earlier" / id_


def older(house, id_):
    """The version before that one, until it is sure that nobody goes back to it."""
    return house.root / "bundle" / "earlier" / f"{id_}.older"


def receipt_file(house, id_):
    return house.root / "receipts" / f"{id_}.json"


def known_earlier(house, id_):
    """What is known of the version before; None where there is none to go back to."""
    return read_json(earlier(house, id_) / MARK)


def require_earlier(house, id_):
    """What is known of the version before, where there is one to go back to."""
    mark = known_earlier(house, id_)
    if mark is None:
        raise Refused("rollback.none", "there is no earlier version of {id} to go back to",
                      "`natm restore` brings back what was written", id=id_)
    return mark


def receipt_of(folder):
    """What the receipt says, or said, of a folder that is not in use."""
    return read_json(folder / RECEIPT, {})


def images_before(house, id_):
    """Images of the version before, which nobody goes back to once there is a later one."""
    return sorted(receipt_of(earlier(house, id_)).get("images", {}).values())


def require_staged(house, id_):
    """The files put ready, whole: their receipt is written last of all."""
    if read_json(staged(house, id_) / RECEIPT) is None or not (
            staged(house, id_) / "saved.json").is_file():
        raise Refused("upgrade.not-staged", "nothing was put ready for {id}",
                      "run the command again from the start", id=id_)


def take_from_earlier(house, id_):
    """Put the version before ready, as if it were a new one."""
    clear(staged(house, id_))
    staged(house, id_).parent.mkdir(mode=0o700, exist_ok=True)
    os.rename(earlier(house, id_), staged(house, id_))
    (staged(house, id_) / MARK).unlink()


def swap(house, id_, mark):
    """The files put ready become those in use, and their receipt with them. A swap that broke off
    is undone by `swap_back`."""
    old = house.bundle(id_)
    earlier(house, id_).parent.mkdir(mode=0o700, exist_ok=True)
    if earlier(house, id_).exists():
        clear(older(house, id_))
        os.rename(earlier(house, id_), older(house, id_))
    write_json(str(old / RECEIPT), read_json(receipt_file(house, id_), {}))
    write_json(str(old / MARK), mark)
    os.rename(old, earlier(house, id_))
    os.rename(staged(house, id_), old)
    put_receipt(house, id_)


def swap_back(house, id_, token):
    """The files that were in use before are so again; may be done again wherever it broke off."""
    mark = known_earlier(house, id_)
    if mark is not None and mark.get("token") == token:
        if house.bundle(id_).exists():
            clear(staged(house, id_))
            os.rename(house.bundle(id_), staged(house, id_))
        os.rename(earlier(house, id_), house.bundle(id_))
    if older(house, id_).exists() and not earlier(house, id_).exists():
        os.rename(older(house, id_), earlier(house, id_))
    put_receipt(house, id_)
    settle(house, id_)


def put_receipt(house, id_):
    """What is in use now is what the receipt says."""
    found = receipt_of(house.bundle(id_))
    if found:
        write_json(str(receipt_file(house, id_)), found)


def settle(house, id_):
    """Nothing of a switch is left among the files in use."""
    for name in (MARK, RECEIPT):
        (house.bundle(id_) / name).unlink(missing_ok=True)


def clear(folder):
    """Take a folder away, whatever is in its place."""
    if folder.is_symlink() or folder.exists():
        shutil.rmtree(folder)
