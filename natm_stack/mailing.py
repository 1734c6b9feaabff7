# SPDX-License-Identifier: AGPL-3.0-or-later
"""The community's mail server, as templates and programs are told of it. Pure."""

from __future__ import annotations

from typing import Any

from .errors import NatmError
from .i18n import _
from .model.deployment import Deployment, Instance
from .model.secret import Secret, Secrets

MAIL = "mail"
"""Owner of the password in secrets.yml: `mail.password`, which people bring."""


def mail_context(deployment: Deployment, instance: Instance) -> dict[str, Any]:
    """`mail` in templates: where to send by; empty without a server, or for who sends nothing."""
    if deployment.mail is None or instance.platform.mail is None:
        return {}
    return mail_values(deployment)


def mail_values(deployment: Deployment) -> dict[str, Any]:
    """Host, port, tls, user and sender; without the password."""
    told = deployment.mail
    return {} if told is None else {
        "host": told.host, "port": told.number, "tls": told.tls, "user": told.user,
        "sender": told.sender}


def mail_password(deployment: Deployment, secrets: Secrets) -> Secret:
    """The password, or an empty one where the server wants none."""
    if not (deployment.mail and deployment.mail.user):
        return Secret("")
    found = secrets.of(MAIL).get("password")
    if found is None:
        raise NatmError(
            _("the mail server's password is not here yet"), code="mail.no-password",
            where="stack.yml", hint=_("`natm secrets set mail.password` asks for it"))
    return found
