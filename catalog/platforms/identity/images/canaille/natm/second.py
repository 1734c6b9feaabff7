# SPDX-License-Identifier: AGPL-3.0-or-later
"""A second factor for members who want one: the step of the sign-in, and what is kept of it.

Canaille has codes too, but for everybody or nobody, and with them guessing costs nothing.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import time
from typing import Any

import codes
import ldap
import pyotp
import said
from canaille.app.templating import render_template
from canaille.backends import Backend
from canaille.core import auth
from canaille.core.endpoints import auth as pages
from canaille.core.endpoints.forms import TwoFactorForm
from canaille.oidc.provider import AMR_MAPPING
from cryptography.fernet import Fernet, InvalidToken
from flask import Blueprint, current_app, flash, g

STEP = "code"
CLASS, SECRET, SINCE = b"natmGuarded", "natmSecondFactor", "natmGuardedSince"
CODES = codes.Codes()
step = Blueprint(STEP, __name__)


def new_secret() -> str:
    """As telephones' programs take it."""
    return str(pyotp.random_base32())


def is_on(user: Any) -> bool:
    """Whether this member has switched it on; asked of the directory each time."""
    return _kept(user) is not None


def missing(session: Any) -> bool:
    """Whether a session began without a code that is due."""
    return STEP not in (session.authentication_methods or []) and is_on(session.user)


def fits(user: Any, code: str, secret: str | None = None) -> bool:
    """Whether a code is of now; of the secret that is kept, where none is given."""
    kept = secret or _unsealed(user)
    if not kept:  # it cannot be read any more: better nobody comes in than anybody
        return False
    made = pyotp.TOTP(kept)
    return CODES.fits(user.user_name, code, lambda at: str(made.generate_otp(at)), time.time())


def told_to_wait(user: Any) -> str:
    """What is said of a code that did not fit."""
    seconds = CODES.wait(user.user_name, time.time())
    return said.word("wait").format(seconds=seconds) if seconds else said.word("wrong")


def switch_on(user: Any, secret: str) -> None:
    """From now on; browsers that came in before are out, here and at the gate."""
    sealed = _box().encrypt(json.dumps([user.user_name, secret]).encode())
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d%H%M%SZ").encode()
    _change(user, [(ldap.MOD_ADD, "objectClass", CLASS), (ldap.MOD_ADD, SECRET, sealed),
                   (ldap.MOD_ADD, SINCE, now)])


def switch_off(user: Any) -> None:
    """The password is enough again."""
    _change(user, [(ldap.MOD_DELETE, "objectClass", CLASS), (ldap.MOD_DELETE, SECRET, None),
                   (ldap.MOD_DELETE, SINCE, None)])


def _change(user: Any, changes: list[Any]) -> None:
    with Backend.instance.engine.connection() as connection:
        connection.modify_s(user.dn, changes)


def _kept(user: Any) -> bytes | None:
    with Backend.instance.engine.connection() as connection:
        [(_dn, entry)] = connection.search_s(user.dn, ldap.SCOPE_BASE, "(uid=*)",
                                             [SECRET, "objectClass"])
    there: bytes | None = entry.get(SECRET, [b""])[0] if CLASS in entry["objectClass"] else None
    return there


def _unsealed(user: Any) -> str | None:
    """Only this member's own: a secret put into another's entry is worth nothing there."""
    try:
        name, secret = json.loads(_box().decrypt(_kept(user) or b""))
    except (InvalidToken, ValueError):
        return None
    return str(secret) if name == user.user_name else None


def _box() -> Fernet:
    """Who reads the directory alone, or an old copy of it, cannot make codes."""
    key = hashlib.sha256(b"natm second factor\0" + current_app.secret_key.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


@step.route("/auth/code", methods=("GET", "POST"))
@auth.auth_step(STEP)
def code() -> Any:
    """After the password: the code."""
    form, user = TwoFactorForm(), g.auth.user
    form.render_field_macro_file = "core/partial/login_field.html"
    if not form.is_submitted():
        return render_template("core/auth/otp.html", form=form)
    if user and form.validate() and fits(user, form.otp.data):
        current_app.logger.security(f"Successful code for {g.auth.user_name}")
        g.auth.set_step_finished(STEP)
        return auth.redirect_to_next_auth_step()
    current_app.logger.security(f"Failed code for {g.auth.user_name}")
    flash(told_to_wait(user) if user else said.word("wrong"), "error")
    return render_template("core/auth/otp.html", form=form)


def add_step() -> None:
    """Before Canaille puts its pages together."""
    AMR_MAPPING[STEP] = ["otp"]
    if not pages.bp._got_registered_once:
        pages.bp.register_blueprint(step)
    finish = auth.AuthenticationSession.set_step_finished

    def finished(session: Any, name: str) -> None:
        finish(session, name)
        if name == "password" and is_on(session.user):
            session.remaining = [*session.remaining, STEP]

    auth.AuthenticationSession.set_step_finished = finished
