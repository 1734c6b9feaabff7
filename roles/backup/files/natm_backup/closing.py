# SPDX-License-Identifier: AGPL-3.0-or-later
"""The door of a platform: while a file of its name lies there, the edge lets only proofs in."""

import os

FOLDER = "closed"
"""Below the stack's folder; the edge reads it and nobody but root writes there."""


def close(house, id_):
    """From here on members are shown that this part is being looked after."""
    folder = house.root / FOLDER
    folder.mkdir(mode=0o755, exist_ok=True)
    handle = os.open(folder / id_, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    os.fchmod(handle, 0o644)
    os.close(handle)


def open_again(house, id_):
    """Members come in again."""
    (house.root / FOLDER / id_).unlink(missing_ok=True)
