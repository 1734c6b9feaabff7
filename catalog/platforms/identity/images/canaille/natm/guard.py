# SPDX-License-Identifier: AGPL-3.0-or-later
"""In front of Canaille's pages: what `rules` says, asked at every request."""

from __future__ import annotations

import hmac
from typing import Any

import rules
import second
from canaille.app import b64_to_obj
from canaille.app.session import logout_all_users
from canaille.core.endpoints.account import RegistrationPayload
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
    if (link := rules.INVITATION.fullmatch(request.path)) and not _signed(*link.groups()):
        abort(404)
    session = g.get("session")
    if not session:
        if rules.for_strangers(request.path):
            return None
        return redirect("/login") if request.method in ("GET", "HEAD") else abort(403)
    # Stewards see to accounts, and become nobody else: others' passwords are natm's business alone.
    edited = (request.view_args or {}).get("edited_user")
    if (request.endpoint or "").startswith("core.account.auth.") and (
            edited is None or edited.id != session.user.id):
        abort(403)
    # Canaille looks into the form alone; what it could do is refused wherever it stands.
    actions = request.args.getlist("action") + request.form.getlist("action") or [""]
    if any(rules.refused(request.path, one, steward=session.user.can_manage_users)
           for one in actions):
        abort(403)
    return None


def _signed(data: str, signature: str) -> bool:
    """Whether an invitation is ours: Canaille first tells whether the name is taken."""
    try:
        told = RegistrationPayload(*b64_to_obj(data))
        return hmac.compare_digest(told.build_hash().encode(), signature.encode())
    except (TypeError, ValueError):
        return False
