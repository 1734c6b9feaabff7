# SPDX-License-Identifier: AGPL-3.0-or-later
"""A lost password: a link by mail, where the community has mail; else whom to ask.

Canaille has this too. Ours checks the mail server's certificate, keeps stewards' accounts out of
their mailboxes' reach, and answers alike, and as fast, whoever is asked for.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

import letters
import links
import post
import said
import wtforms
from canaille.app import models
from canaille.app.forms import Form
from canaille.app.templating import render_template
from canaille.core.auth import get_user_from_login
from canaille.core.endpoints.forms import PasswordResetForm
from flask import Blueprint, current_app, flash, redirect, request, url_for

PLACES = 200
bp = Blueprint("lost", __name__)


class AskForm(Form):
    """Name or address."""

    login = wtforms.StringField(validators=[wtforms.validators.DataRequired(),
                                            wtforms.validators.Length(max=200)])


class Office:
    """Writes the letters, one after the other, in a thread of its own."""

    def __init__(self, app: Any) -> None:
        self._app, self._letters = app, letters.Letters()
        self._waiting: queue.Queue[str] = queue.Queue(PLACES)
        threading.Thread(target=self._go_on, daemon=True).start()

    def ask(self, login: str) -> None:
        """Look for them later: nobody can see by the clock whether there is somebody."""
        try:
            self._waiting.put_nowait(login)
        except queue.Full:
            self._app.logger.warning("too many ask for a new password: one is left out")

    def _go_on(self) -> None:
        while True:
            login = self._waiting.get()
            try:
                with self._app.app_context():
                    self._write(login)
            except Exception:  # whatever it was, the next one asks for another
                self._app.logger.exception("a letter for a lost password was not written")

    def _write(self, login: str) -> None:
        user, told = get_user_from_login(login), post.settings()
        if (not told or not user or not user.emails or not may_change(user)
                or not self._letters.may_go(user.user_name, time.time())):
            return
        token = links.link(current_app.secret_key, user.user_name, since(user))
        words = {"community": told["community"], "name": user.user_name,
                 "url": url_for("lost.choose", token=token, _external=True),
                 "minutes": str(links.LASTS_S // 60)}
        for email in user.emails:
            why = post.send(told, post.letter(told, email, post.LOST, words))
            current_app.logger.security(
                f"a letter for a lost password: {user.user_name}, {why or 'sent'}")


def may_change(user: Any) -> bool:
    """Not who is locked or removed; nor stewards: a mailbox must not open everybody's accounts."""
    return bool(user.can_edit_self and not user.locked and not user.can_manage_users)


def since(user: Any) -> str:
    """From when the password is."""
    changed = user.password_last_update
    return changed.isoformat() if changed else ""


@bp.route("/lost", methods=("GET", "POST"))
def ask() -> Any:
    """The page that asks whose password it is."""
    form = AskForm(request.form or None)
    form.login.label.text = said.word("login")
    by_mail = bool(post.settings())
    sent = by_mail and bool(request.form) and form.validate()
    if sent:
        current_app.extensions["natm-lost"].ask(form.login.data.strip())
    return render_template("natm/lost.html", form=form, by_mail=by_mail, sent=sent,
                           menu=False)


@bp.route("/lost/<token>", methods=("GET", "POST"))
def choose(token: str) -> Any:
    """The page in the letter. Only sending the form uses the link up: mail programs look at it."""
    found = links.told(current_app.secret_key, token)
    user = found and current_app.backend.get(models.User, user_name=found[0])
    if not found or not user or since(user) != found[1] or not may_change(user):
        flash(said.word("ended"), "error")
        return redirect(url_for("lost.ask"))
    form = PasswordResetForm(request.form or None)
    if not request.form or not form.validate():
        return render_template("core/auth/reset-password.html", form=form, menu=False)
    current_app.backend.set_user_password(user, form.password.data)
    current_app.logger.security(f"a new password by mail: {user.user_name}")
    # Not signed in by this: with a second factor, the link is not enough.
    flash(said.word("changed"), "success")
    return redirect(url_for("core.auth.login"))


def attach(app: Any) -> None:
    """Two more pages, and a thread that writes."""
    app.register_blueprint(bp)
    app.extensions["natm-lost"] = Office(app)
