# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Canaille writes about people and groups, put right before it reaches the directory."""

from __future__ import annotations

import datetime
from typing import Any

import ldap
from blinker import signal
from canaille.app import models
from canaille.app.session import save_user_session
from canaille.backends import Backend, is_meaningful_value
from canaille.core.endpoints.forms import PROFILE_FORM_FIELDS
from flask import g
from wtforms.validators import Optional, Regexp

NAME = r"^(?!natm-)[a-z][a-z0-9-]{1,30}\Z"
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


def dn_of(member: Any) -> str:
    """Canaille keeps entries, addresses and bytes side by side."""
    text = member.decode() if isinstance(member, bytes) else str(getattr(member, "dn", member))
    return text.lower()


def members_changed(group: Any) -> list[tuple[int, str, list[bytes]]]:
    """Who comes and who goes; nobody is written who did not change.

    Canaille would write the whole list as it read it, and so undo what others did meanwhile.
    """
    before, after = ({dn_of(one) for one in there.get("member") or [] if one} - {NOBODY}
                     for there in (group._stored, group._dirty))
    return [(change, "member", [dn.encode() for dn in sorted(them)]) for change, them in (
        (ldap.MOD_ADD, after - before), (ldap.MOD_DELETE, before - after)) if them]


def join_and_leave(_cls: Any, user: Any, data: dict[str, Any]) -> None:
    """One member into or out of groups. Canaille would first read everyone who is in them."""
    member = [user.dn.encode()]
    with Backend.instance.engine.connection() as connection:
        for change, groups in ((ldap.MOD_ADD, data.get("to_add", ())),
                               (ldap.MOD_DELETE, data.get("to_del", ()))):
            for group in groups:
                connection.modify_s(group.dn, [(change, "member", member)])
    if "new_groups" in data:
        user._stored[data["group_attr"]] = data["new_groups"]


def attach(app: Any) -> None:
    """Put the two in front of every save, and keep one's own session when the password changes."""
    signal("before_user_save").connect(one_name)
    signal("before_group_save").connect(never_empty)
    # Not everybody has an address, and nobody needs one here. Names are what platforms can take.
    PROFILE_FORM_FIELDS["emails"].args[0].kwargs["validators"][0] = Optional()
    PROFILE_FORM_FIELDS["user_name"].kwargs["validators"].append(Regexp(NAME))
    # Canaille may write hashes and not read them; that there is one shows in its date.
    models.User.has_password = lambda user: user.password_last_update is not None
    models.User.after_save = classmethod(join_and_leave)
    write, set_password = app.backend.engine.save, app.backend.set_user_password

    def save(entry: Any) -> None:
        if isinstance(entry, models.Group) and entry.exists and "member" in entry._dirty:
            changed = members_changed(entry)
            if changed:
                with app.backend.engine.connection() as connection:
                    connection.modify_s(entry.dn, changed)
            entry._stored["member"] = entry._dirty.pop("member")
        if not entry.exists or changes(entry):
            write(entry)

    def set_user_password(user: Any, password: str) -> None:
        set_password(user, password)
        # What apps were given with the older one is over, as sessions are.
        for token in list(app.backend.query(models.Token, subject=user)):
            app.backend.delete(token)
        if g.get("session") and g.session.user.id == user.id:
            g.session.last_login_datetime = datetime.datetime.now(datetime.UTC)
            save_user_session()

    app.backend.engine.save = save
    app.backend.set_user_password = set_user_password
