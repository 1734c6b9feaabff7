# SPDX-License-Identifier: AGPL-3.0-or-later
"""Links by which people make the accounts meant for them: one JSON object in, one out."""

from __future__ import annotations

import datetime
import json
import re
import sys
from typing import Any

import house
import post
from canaille.app import models
from canaille.core.endpoints.account import RegistrationPayload
from flask import url_for

NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
EMAIL = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
MOST = 5000
Request = dict[str, Any]


def invite(app: Any, request: Request) -> Request:
    """Look at all of them; then a link each, and a letter to those whose address is known."""
    rows = request.get("invitations")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST:
        return {"ok": False, "code": "invalid", "message": f"1 to {MOST} invitations are needed"}
    with app.test_request_context(base_url=f"https://{app.config['SERVER_NAME']}"):
        problems = list(_problems(app, rows))
        if problems:
            return {"ok": False, "code": problems[0]["code"] if len(rows) == 1 else "rows",
                    "message": problems[0]["message"], "problems": problems}
        if request.get("dry_run") is True:
            return {"ok": True, "invitations": []}
        made = [_link(app, row) for row in rows]
    told = post.settings() if request.get("send") is True else {}
    return {"ok": True, "invitations": [{**one, **_sent(told, one)} for one in made]}


def _problems(app: Any, rows: list[Any]) -> Any:
    seen: set[str] = set()
    for number, row in enumerate(rows):
        problem = _problem(app, row if isinstance(row, dict) else {}, seen)
        if problem:
            yield {"row": number, "code": problem[0], "message": problem[1]}


def _problem(app: Any, row: Request, seen: set[str]) -> tuple[str, str] | None:
    name, email = str(row.get("name", "")), str(row.get("email") or "")
    if not NAME.fullmatch(name) or name.startswith("natm-"):
        return "invalid", f"{name!r} is no name for a member"
    if name in seen or app.backend.get(models.User, user_name=name):
        return "exists", f"there is or was an account {name}"
    if email and not EMAIL.fullmatch(email):
        return "invalid", f"this is no e-mail address: {email}"
    if email and (email.lower() in seen or app.backend.get(models.User, emails=email)):
        return "email-taken", f"another account has the address {email}"
    seen |= {name, *([email.lower()] if email else [])}
    for group in row.get("groups") or []:
        if not NAME.fullmatch(str(group)):
            return "invalid", f"{group!r} is no name for a group"
    return None


def _link(app: Any, row: Request) -> Request:
    """The name stands in the link and cannot be changed: so it works once."""
    wanted = ["members", *(["stewards"] if row.get("steward") is True else []),
              *(row.get("groups") or [])]
    groups = [_group(app, group) for group in dict.fromkeys(wanted)]
    now = datetime.datetime.now(datetime.UTC)
    email = row.get("email") or ""
    payload = RegistrationPayload(
        now.isoformat(), row["name"], False, email, [one.id for one in groups])
    ends = now + datetime.timedelta(seconds=app.config["CANAILLE"]["INVITATION_EXPIRATION"])
    url = url_for("core.account.registration", data=payload.b64(), hash=payload.build_hash(),
                  _external=True)
    return {"name": row["name"], "url": url, "email": email,
            "until": ends.isoformat(timespec="seconds")}


def _group(app: Any, name: str) -> Any:
    found = app.backend.get(models.Group, display_name=name)
    if found is None:
        found = models.Group(display_name=name)
        app.backend.save(found)
    return found


def _sent(told: Request, made: Request) -> Request:
    """Whether a letter went off, and what kept it."""
    if not told or not made["email"]:
        return {"sent": False, "why": ""}
    until = datetime.datetime.fromisoformat(made["until"])
    words = {"community": told["community"], "url": made["url"], "name": made["name"],
             "until": f"{until:%Y-%m-%d %H:%M} UTC"}
    why = post.send(told, post.letter(told, made["email"], post.INVITATION, words))
    return {"sent": why is None, "why": why or ""}


def main() -> int:
    """0 when done, 1 when refused."""
    answer = invite(house.make(), json.loads(sys.stdin.read() or "{}"))
    print(json.dumps(answer))
    return 0 if answer["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
