# SPDX-License-Identifier: AGPL-3.0-or-later
"""Prepare the accounts and folders, then become copyparty."""

from __future__ import annotations

import os
import signal
import sys

import store


def main() -> None:
    """Everything here may run again and again."""
    os.umask(0o077)
    store.shared().mkdir(mode=0o700, parents=True, exist_ok=True)
    with store.locked():
        store.write(store.read())
    # Until copyparty listens for it, the signal to read the accounts again must not end it.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    store.RUNNING.write_text(str(os.getpid()), "utf-8")
    # The members first: the settings name their group.
    files = [store.ACCOUNTS / "members.conf", store.SECRET, store.CONFIG]
    configs = [word for file in files for word in ("-c", str(file))]
    command = [sys.executable, "-m", "copyparty", "--env-expand", "0", *configs, *sys.argv[1:]]
    os.execv(sys.executable, command)


main()
