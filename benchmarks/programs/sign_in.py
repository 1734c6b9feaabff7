# SPDX-License-Identifier: AGPL-3.0-or-later
"""On the server: from authorise to token, through the edge and at Canaille itself, turn about.

Reads one JSON object, prints the seconds of every round; a round that does not end with an
id token stops the program.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import secrets
import ssl
import sys
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

asked: dict[str, Any] = json.loads(sys.stdin.readline())
HOST, jar = asked["host"], dict[str, str]()


class Edge(http.client.HTTPSConnection):
    """The edge on this machine, by the name members use."""

    def connect(self) -> None:
        """To this machine, whatever the name says elsewhere."""
        http.client.HTTPConnection.connect(self)
        self.sock = trusted.wrap_socket(self.sock, server_hostname=HOST)


trusted = ssl.create_default_context(cafile=asked["ca_file"])


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: str = "",
        **headers: str) -> tuple[int, str, str]:
    """One request with the cookies; status, where it leads, and the page."""
    known = {"Host": HOST, "X-Forwarded-Proto": "https", **headers,
             "Cookie": "; ".join(f"{k}={v}" for k, v in jar.items())}
    if body:
        known["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, body or None, known)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    for cookie in answer.headers.get_all("Set-Cookie") or []:
        name, _sign, value = cookie.split(";")[0].partition("=")
        jar[name] = value
    return answer.status, answer.headers.get("Location", ""), text


def send(connection: http.client.HTTPConnection, path: str, **fields: str) -> None:
    """Fill in a form."""
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', ask(connection, "GET", path)[2])
    assert token, path
    ask(connection, "POST", path, urlencode({**fields, "csrf_token": token[1]}),
        Referer=f"https://{HOST}{path}")


def round_trip(connection: http.client.HTTPConnection) -> float:
    """As an app does it for somebody who is signed in: code, then tokens."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    started = time.monotonic()
    status, to, _text = ask(connection, "GET", "/oauth/authorize?" + urlencode({
        "response_type": "code", "client_id": "gate", "redirect_uri": asked["redirect_uri"],
        "scope": "openid profile", "state": "s", "nonce": secrets.token_urlsafe(16),
        "code_challenge": challenge.rstrip(b"=").decode(), "code_challenge_method": "S256"}))
    code = parse_qs(urlsplit(to).query).get("code")
    assert code, (status, to)
    basic = base64.b64encode(f"gate:{asked['secret']}".encode()).decode()
    _status, _to, text = ask(connection, "POST", "/oauth/token", urlencode({
        "grant_type": "authorization_code", "code": code[0], "code_verifier": verifier,
        "redirect_uri": asked["redirect_uri"]}), Authorization=f"Basic {basic}")
    took = time.monotonic() - started
    assert json.loads(text)["id_token"]
    return took


edge = Edge("127.0.0.1", asked["port"], timeout=60)
bare = http.client.HTTPConnection(asked["bare"], 5000, timeout=60)
send(edge, "/login", login=asked["name"])
send(edge, "/auth/password", password=asked["password"])
round_trip(edge)
round_trip(bare)
pairs = [(round_trip(edge), round_trip(bare)) for _n in range(asked["rounds"])]
print(json.dumps({"edge": [pair[0] for pair in pairs], "bare": [pair[1] for pair in pairs]}))
