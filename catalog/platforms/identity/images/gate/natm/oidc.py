# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signing in at Canaille by OpenID Connect: authorization code, PKCE, state and nonce."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import jwt
from settings import Settings

CLIENT = "gate"
TIMEOUT = aiohttp.ClientTimeout(total=10)


class Failed(Exception):
    """Signing in did not come to an end; why is for the log, not for the page."""


def new_try(back: str) -> dict[str, str]:
    """What must be remembered of a try until the browser comes back."""
    return {"state": secrets.token_urlsafe(24), "nonce": secrets.token_urlsafe(24),
            "verifier": secrets.token_urlsafe(48), "back": back}


def challenge(verifier: str) -> str:
    """PKCE's S256 (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def callback(settings: Settings) -> str:
    """Where Canaille sends the browser back to."""
    return f"{settings.public}/gate/callback"


def authorize(settings: Settings, note: dict[str, str], language: str = "") -> str:
    """Canaille's page to sign in on."""
    asked = {
        "response_type": "code", "client_id": CLIENT, "redirect_uri": callback(settings),
        "scope": "openid profile", "state": note["state"], "nonce": note["nonce"],
        "code_challenge": challenge(note["verifier"]), "code_challenge_method": "S256",
    }
    if language:
        asked["ui_locales"] = language
    return f"{settings.issuer}/oauth/authorize?{urlencode(asked)}"


def end_session(settings: Settings, id_token: str) -> str:
    """Canaille's address to sign out at."""
    asked = {"id_token_hint": id_token, "client_id": CLIENT,
             "post_logout_redirect_uri": f"{settings.public}/gate/signed-out"}
    return f"{settings.issuer}/oauth/end_session?{urlencode(asked)}"


class Provider:
    """Canaille, asked from inside under its public name."""

    def __init__(self, settings: Settings, secret: str) -> None:
        self._settings = settings
        self._auth = aiohttp.BasicAuth(CLIENT, secret)
        self._headers = {"Host": urlsplit(settings.issuer).netloc, "X-Forwarded-Proto": "https",
                         "X-Forwarded-For": "127.0.0.1"}
        self._keys: jwt.PyJWKSet | None = None

    async def claims(self, code: str, note: dict[str, str]) -> tuple[str, dict[str, Any]]:
        """The ID token a code stands for, and what it says after all checks."""
        form = {"grant_type": "authorization_code", "code": code,
                "redirect_uri": callback(self._settings), "code_verifier": note["verifier"]}
        answer = await self._ask("POST", "/oauth/token", data=form, auth=self._auth)
        token = str(answer.get("id_token", ""))
        for fresh in (False, True):
            try:
                keys = await self._key_set(fresh)
                return token, check(token, keys, self._settings, note["nonce"])
            except KeyError:
                continue
        raise Failed("the ID token is signed with a key that is not Canaille's")

    async def _key_set(self, fresh: bool) -> jwt.PyJWKSet:
        if self._keys is None or fresh:
            self._keys = jwt.PyJWKSet.from_dict(await self._ask("GET", "/oauth/jwks.json"))
        return self._keys

    async def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        try:
            async with aiohttp.ClientSession(timeout=TIMEOUT) as session, session.request(
                method, self._settings.inner + path, headers=self._headers,
                allow_redirects=False, **more
            ) as answer:
                told = await answer.json(content_type=None)
                if answer.status != 200 or not isinstance(told, dict):
                    raise Failed(f"{path} answered {answer.status}")
                return told
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Failed(f"{path}: {error}") from error


def check(token: str, keys: jwt.PyJWKSet, settings: Settings, nonce: str) -> dict[str, Any]:
    """What a token says, if it is Canaille's, for us, of this try and of now."""
    try:
        key = keys[jwt.get_unverified_header(token).get("kid", "")]
        said: dict[str, Any] = jwt.decode(
            token, key.key, algorithms=["RS256"], audience=CLIENT, issuer=settings.issuer,
            leeway=30, options={"require": ["exp", "iat", "sub", "aud", "iss"]})
    except jwt.PyJWTError as error:
        raise Failed(f"the ID token: {error}") from error
    if not secrets.compare_digest(str(said.get("nonce", "")), nonce):
        raise Failed("the ID token is of another try")
    return said
