# SPDX-License-Identifier: AGPL-3.0-or-later
"""Healthy means that Radicale asks who is there, and that the accounts can be read and written.

A stranger's request is refused before the disk is looked at, so that is looked at here.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

import store


def refuses_strangers() -> bool:
    """Whether a request without a password is answered as it should be."""
    request = urllib.request.Request("http://127.0.0.1:5232/", method="PROPFIND")
    try:
        urllib.request.urlopen(request, timeout=4)
    except urllib.error.HTTPError as answer:
        # 403 where the edge says who it is: nobody is asked for a password then.
        return answer.code in (401, 403)
    return False


folders = (store.ACCOUNTS, store.COLLECTIONS)
usable = all(os.access(folder, os.R_OK | os.W_OK | os.X_OK) for folder in folders)
sys.exit(0 if usable and refuses_strangers() else 1)
