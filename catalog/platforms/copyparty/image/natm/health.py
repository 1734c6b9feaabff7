# SPDX-License-Identifier: AGPL-3.0-or-later
"""Healthy means that uploads work: copyparty refuses them for a while after a start.

One byte goes up by the same resumable protocol the web page uses. The file stays where it is, so
all later checks are a single question whether copyparty would take an upload now.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import urllib.request

import store

ADDRESS = "http://127.0.0.1:3923"
HOME = f"/~{store.WATCH}/"
BYTE = b"\n"


def ask(path: str, data: bytes | None, headers: dict[str, str]) -> bytes:
    """Ask copyparty as the watching account."""
    login = f"{store.WATCH}:{store.watch_password()}".encode()
    headers["Authorization"] = "Basic " + base64.b64encode(login).decode("ascii")
    request = urllib.request.Request(ADDRESS + path, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=8) as answer:
        return bytes(answer.read())


def upload() -> None:
    """Raises, and so ends with an error, when an upload would not be taken."""
    part = base64.urlsafe_b64encode(hashlib.sha512(BYTE).digest()[:33]).decode("ascii")
    offer = {"name": "upload", "size": 1, "lmod": int(time.time()), "hash": [part]}
    answer = json.loads(ask(HOME, json.dumps(offer).encode(), {"Content-Type": "text/plain"}))
    if answer["hash"]:
        ask(HOME, BYTE, {"Content-Type": "application/octet-stream",
                         "X-Up2k-Hash": part, "X-Up2k-Wark": answer["wark"]})


def indexing() -> bool:
    """Whether copyparty is walking through folders just now."""
    return b"\ncpp_busy_vols 0\n" not in ask("/.cpr/metrics", None, {})


if __name__ == "__main__":
    upload()
