# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Canaille writes about people and groups, put right before it reaches the directory."""

from __future__ import annotations

import datetime
from typing import Any

from blinker import signal
from canaille.app import models
from canaille.app.session import save_user_session
from canaille.backends import is_meaningful_value
from canaille.core.endpoints.forms import PROFILE_FORM_FIELDS
from flask import g
from wtforms.validators import Optional, Regexp

NAME = r"^[a-z][a-z0-9-]{1,30}\Z"
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
    # Not everybody has an address, and nobody needs one here. Names are what platforms can take.
    PROFILE_FORM_FIELDS["emails"].args[0].kwargs["validators"][0] = Optional()
    PROFILE_FORM_FIELDS["user_name"].kwargs["validators"].append(Regexp(NAME))
    # Canaille may write hashes and not read them; that there is one shows in its date.
    models.User.has_password = lambda user: user.password_last_update is not None
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
