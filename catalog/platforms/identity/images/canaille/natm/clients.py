# SPDX-License-Identifier: AGPL-3.0-or-later
"""Apps that members sign in to by OpenID Connect: as clients.json has them, and no others."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from canaille.app import models

FILE = Path("/etc/canaille/clients.json")


def update(app: Any) -> None:
    """Add, change, take away. What is as it should be is not written again."""
    wanted = {client["id"]: client for client in json.loads(FILE.read_text("utf-8"))}
    there = {client.client_id: client for client in app.backend.query(models.Client)}
    for name in sorted(set(there) - set(wanted)):
        app.backend.delete(there[name])
    for name, told in sorted(wanted.items()):
        _write(app, there.get(name) or models.Client(
            client_id=name, client_id_issued_at=datetime.datetime.now(datetime.UTC)), told)


def _write(app: Any, client: Any, told: dict[str, Any]) -> None:
    fields = _fields(told)
    if all(getattr(client, key) == value for key, value in fields.items()) and client.audience:
        return
    for key, value in fields.items():
        setattr(client, key, value)
    app.backend.save(client)
    # Without the client itself among those it is meant for, strict apps refuse what they get.
    client.audience = [client]
    app.backend.save(client)


def _fields(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "client_name": told["name"], "client_uri": told["uri"], "client_secret": told["secret"],
        "redirect_uris": told["redirect_uris"],
        "post_logout_redirect_uris": told["post_logout_redirect_uris"],
        "scope": ["openid", "profile", "email", "groups"],
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        "token_endpoint_auth_method": told.get("auth", "client_secret_basic"),
        "id_token_signed_response_alg": "RS256",
    }
