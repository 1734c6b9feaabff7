# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Canaille writes about people and groups, put right before it reaches the directory."""

from __future__ import annotations

import datetime
from typing import Any

from blinker import signal
from canaille.app.session import save_user_session
from canaille.backends import is_meaningful_value
from flask import g

NOBODY = "cn=nobody,ou=services,dc=natm"


def one_name(user: Any, data: dict[str, Any]) -> None:
    """People have one name, as they write it: no first and last one, which many do not have."""
    if user.exists and "displayName" not in user._dirty:
        return
    shown = " ".join((user.display_name or user.user_name).split())
    user.display_name = user.formatted_name = user.family_name = shown


def never_empty(group: Any, data: dict[str, Any]) -> None:
    """A group of the directory must have a member, and Canaille knows only people."""
    if "member" in group._dirty or not group.exists:
        there = group._dirty.get("member") or []
        group._dirty["member"] = [NOBODY, *[one for one in there if one]]


def changes(entry: Any) -> bool:
    """Whether saving changes anything: the directory refuses a change of nothing."""
    return any(
        value != entry._stored.get(key)
        and (key in entry._stored or any(is_meaningful_value(one) for one in value))
        for key, value in entry._dirty.items())


def attach(app: Any) -> None:
    """Put the two in front of every save, and keep one's own session when the password changes."""
    signal("before_user_save").connect(one_name)
    signal("before_group_save").connect(never_empty)
    write, set_password = app.backend.engine.save, app.backend.set_user_password

    def save(entry: Any) -> None:
        if not entry.exists or changes(entry):
            write(entry)

    def set_user_password(user: Any, password: str) -> None:
        set_password(user, password)
        if g.get("session") and g.session.user.id == user.id:
            g.session.last_login_datetime = datetime.datetime.now(datetime.UTC)
            save_user_session()

    app.backend.engine.save = save
    app.backend.set_user_password = set_user_password
