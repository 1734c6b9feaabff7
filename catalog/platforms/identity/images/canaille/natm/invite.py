# SPDX-License-Identifier: AGPL-3.0-or-later
"""A link by which one person makes the account meant for them: one JSON object in, one out."""

from __future__ import annotations

import datetime
import json
import re
import sys
from typing import Any

import house
from canaille.app import models
from canaille.core.endpoints.account import RegistrationPayload
from flask import url_for

NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")


def link(app: Any, request: dict[str, Any]) -> dict[str, Any]:
    """The name stands in the link and cannot be changed: so it works once."""
    name = str(request.get("name", ""))
    if not NAME.fullmatch(name) or name.startswith("natm-"):
        return {"ok": False, "code": "invalid", "message": f"{name!r} is no name for a member"}
    with app.test_request_context(base_url=f"https://{app.config['SERVER_NAME']}"):
        if app.backend.get(models.User, user_name=name):
            return {"ok": False, "code": "exists", "message": f"there is or was an account {name}"}
        groups = ["members", *(["stewards"] if request.get("steward") is True else [])]
        found = [app.backend.get(models.Group, display_name=group) for group in groups]
        now = datetime.datetime.now(datetime.UTC)
        payload = RegistrationPayload(
            now.isoformat(), name, False, request.get("email") or "", [one.id for one in found])
        ends = now + datetime.timedelta(seconds=app.config["CANAILLE"]["INVITATION_EXPIRATION"])
        url = url_for("core.account.registration", data=payload.b64(), hash=payload.build_hash(),
                      _external=True)
    return {"ok": True, "url": url, "until": ends.isoformat(timespec="seconds")}


def main() -> int:
    """0 when done, 1 when refused."""
    answer = link(house.make(), json.loads(sys.stdin.read() or "{}"))
    print(json.dumps(answer))
    return 0 if answer["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
