# SPDX-License-Identifier: AGPL-3.0-or-later
"""In front of Canaille's pages: what `rules` says, asked at every request."""

from __future__ import annotations

from typing import Any

import rules
import second
from canaille.app.session import logout_all_users
from flask import abort, g, redirect, request


def attach(app: Any, sign_out: str) -> None:
    """After Canaille has found out who asks, before it answers."""
    app.before_request(end_old_sessions)
    app.before_request(keep_to_the_rules)

    @app.after_request
    def sign_out_everywhere(response: Any) -> Any:
        if request.path == "/logout" and response.status_code == 302:
            response.location = sign_out
        return response


def end_old_sessions() -> None:
    """Locked, out of the members, another password since, or no code where one is due."""
    session = g.get("session")
    if session and (not session.user.can_use_oidc or rules.over(
            session.last_login_datetime, session.user.password_last_update)
            or second.missing(session)):
        logout_all_users()
        g.session = None


def keep_to_the_rules() -> Any:
    """Nothing, or the answer in place of Canaille's."""
    if rules.closed(request.path):
        abort(404)
    if rules.fetches(request.path, request.values.keys()):
        abort(400)
    session = g.get("session")
    if not session:
        if rules.for_strangers(request.path):
            return None
        return redirect("/login") if request.method in ("GET", "HEAD") else abort(403)
    action = request.values.get("action", "")
    if rules.refused(request.path, action, steward=session.user.can_manage_users):
        abort(403)
    return None
