# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page on which a member switches the second factor on or off."""

from __future__ import annotations

from typing import Any

import pyotp
import said
import second
import segno
import wtforms
from canaille.app.flask import user_needed
from canaille.app.session import save_user_session
from canaille.app.templating import render_template
from canaille.backends import Backend
from canaille.core.endpoints.forms import TwoFactorForm
from flask import Blueprint, current_app, flash, g, redirect, request, session, url_for

# In the browser's own signed cookie, while it is being set up.
NEW = "natm-second-factor"
bp = Blueprint("second", __name__)


class ChangeForm(TwoFactorForm):
    """The password too: a browser left open is not enough to change this."""

    password = wtforms.PasswordField(validators=[wtforms.validators.DataRequired()],
                                     render_kw={"autocomplete": "current-password"})


@bp.route("/second-factor", methods=("GET", "POST"))
@user_needed("edit_self")
def change(user: Any) -> Any:
    """One's own, nobody else's."""
    form, on = ChangeForm(request.form or None), second.is_on(user)
    form.password.label.text = said.word("password")
    secret = None if on else session.setdefault(NEW, second.new_secret())
    if request.form and form.validate():
        if _allowed(user, form, secret):
            return _done(user, secret)
    elif request.form:
        flash(said.word("wrong"), "error")
    return render_template("natm/second.html", form=form, on=on, menuitem="profile",
                           **(_shown(user, secret) if secret else {}))


def _allowed(user: Any, form: Any, secret: str | None) -> bool:
    right, message = Backend.instance.check_user_password(user, form.password.data)
    if not right:
        flash(message or said.word("wrong"), "error")
        return False
    if not second.fits(user, form.otp.data, secret):
        flash(second.told_to_wait(user), "error")
        return False
    return True


def _done(user: Any, secret: str | None) -> Any:
    if secret:
        second.switch_on(user, secret)
        g.session.authentication_methods = ["password", second.STEP]
        save_user_session()
    else:
        second.switch_off(user)
    session.pop(NEW, None)
    current_app.logger.security(
        f"second factor of {user.user_name}: {'on' if secret else 'off'}")
    flash(said.word("on_now" if secret else "off_now"), "success")
    return redirect(url_for("second.change"))


def _shown(user: Any, secret: str) -> dict[str, str]:
    uri = pyotp.TOTP(secret).provisioning_uri(
        user.user_name, issuer_name=current_app.config["CANAILLE"]["NAME"])
    picture = segno.make(uri, error="m").svg_data_uri(scale=5, border=3, light="white")
    return {"secret": secret, "uri": uri, "picture": picture}


def attach(app: Any) -> None:
    """One page more."""
    app.register_blueprint(bp)
    app.jinja_env.globals["second_factor"] = second.is_on
