# SPDX-License-Identifier: AGPL-3.0-or-later
"""SCRAM (RFC 5802, RFC 7677): signing in without sending the password, the client's side."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode

MECHANISMS = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
"""What we speak, the strongest first."""
HEADER = "n,,"


class ScramError(Exception):
    """The server's part of the exchange cannot be right."""


class Scram:
    """One sign-in: `first()` is sent, `final()` answers the challenge, `check()` ends it."""

    def __init__(self, mechanism: str, name: str, password: str) -> None:
        self._hash = MECHANISMS[mechanism]
        self._password = password.encode()
        self._nonce = secrets.token_urlsafe(24)
        self._bare = f"n={name.replace('=', '=3D').replace(',', '=2C')},r={self._nonce}"
        self._signature = b""

    def first(self) -> str:
        """The client's first message."""
        return HEADER + self._bare

    def final(self, challenge: str) -> str:
        """The client's answer to the server's challenge."""
        given = _attributes(challenge)
        nonce, rounds = given.get("r", ""), int(given.get("i", "0"))
        if not nonce.startswith(self._nonce) or nonce == self._nonce or rounds < 4096:
            raise ScramError("the challenge is not a fresh one")
        salted = hashlib.pbkdf2_hmac(self._hash, self._password, b64decode(given["s"]), rounds)
        without_proof = f"c={b64encode(HEADER.encode()).decode()},r={nonce}"
        message = f"{self._bare},{challenge},{without_proof}".encode()
        key = self._hmac(salted, b"Client Key")
        signed = self._hmac(hashlib.new(self._hash, key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(key, signed, strict=True))
        self._signature = self._hmac(self._hmac(salted, b"Server Key"), message)
        return f"{without_proof},p={b64encode(proof).decode()}"

    def check(self, outcome: str) -> None:
        """Make sure that the server knows the password too; `ScramError` if it does not."""
        given = b64decode(_attributes(outcome).get("v", ""))
        if not self._signature or not hmac.compare_digest(given, self._signature):
            raise ScramError("the server has not shown that it knows the password")

    def _hmac(self, key: bytes, message: bytes) -> bytes:
        return hmac.new(key, message, self._hash).digest()


def _attributes(message: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in message.split(","))
    return {name: value for name, _, value in pairs}
