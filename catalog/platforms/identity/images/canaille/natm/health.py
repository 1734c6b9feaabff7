# SPDX-License-Identifier: AGPL-3.0-or-later
"""Healthy: it says who it is under the public name, and shows the page to sign in on."""

from __future__ import annotations

import json
import sys
import tomllib
import urllib.request
from pathlib import Path

NAME = tomllib.loads(Path("/etc/canaille/canaille.toml").read_text("utf-8"))["SERVER_NAME"]


def ask(path: str) -> bytes:
    """As the edge would ask."""
    headers = {"Host": NAME, "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
    request = urllib.request.Request(f"http://127.0.0.1:5000{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=8) as answer:
        return bytes(answer.read())


if json.loads(ask("/.well-known/openid-configuration"))["issuer"] != f"https://{NAME}":
    sys.exit("it goes by another name")
ask("/login")
