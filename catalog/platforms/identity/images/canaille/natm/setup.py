# SPDX-License-Identifier: AGPL-3.0-or-later
"""Before Canaille starts: its key, its places in the directory, the apps. Again at every start."""

from __future__ import annotations

import os

import clients
import house
import keys


def main() -> None:
    """All of it may run again and again."""
    os.umask(0o077)
    keys.make_if_missing()
    app = house.make()
    app.backend.install(app)
    with app.app_context():
        clients.update(app)


if __name__ == "__main__":
    main()
