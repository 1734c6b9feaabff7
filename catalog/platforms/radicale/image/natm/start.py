# SPDX-License-Identifier: AGPL-3.0-or-later
"""Write the file of passwords, then become Radicale, which does not start without one."""

from __future__ import annotations

import os
import sys

import store


def main() -> None:
    """Everything here may run again and again."""
    os.umask(0o077)
    with store.locked():
        store.write(store.read())
    command = [sys.executable, "-m", "radicale", "--config", "/etc/radicale/radicale.conf"]
    os.execv(sys.executable, command)


main()
