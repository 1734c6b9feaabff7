# SPDX-License-Identifier: AGPL-3.0-or-later
"""A test letter, sent from the server as platforms send theirs."""

from __future__ import annotations

import re

from ..errors import NatmError
from ..i18n import _, spoken
from ..mailing import mail_password, mail_values
from ..model.results import Probe
from .workspace import Workspace

ADDRESS = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def send_test(workspace: Workspace, to: str) -> list[Probe]:
    """How far a letter to this address came."""
    deployment = workspace.deployment
    if deployment.mail is None:
        raise NatmError(
            _("stack.yml names no mail server"), code="mail.none",
            where=str(workspace.folder / "stack.yml"),
            hint=_("mail: {host: smtp.example.org, user: NAME, from: us@example.org}; "
                   "everything works without one too"))
    if not ADDRESS.fullmatch(to):
        raise NatmError(_("{email} is no e-mail address").format(email=repr(to)),
                        code="mail.bad-address")
    asked = {**mail_values(deployment), "to": to, "community": deployment.title,
             "password": mail_password(deployment, workspace.secrets).reveal(),
             "subject": _("A test letter from {title}").format(title=deployment.title),
             "text": _("This letter shows that {title} can send mail. Nothing needs to be done."
                       ).format(title=deployment.title)}
    answer = workspace.server.script("mail", asked)
    return [Probe("mail", one["name"], one["state"], spoken(one["says"]))
            for one in answer["probes"]]
