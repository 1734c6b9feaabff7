# SPDX-License-Identifier: AGPL-3.0-or-later
"""secrets: show one that somebody needs by hand, or keep one that somebody brings."""

from __future__ import annotations

import re

from ..backupfile import OWNER, repository_key
from ..errors import NatmError
from ..i18n import _
from ..mailing import MAIL
from ..model.results import Told
from ..model.secret import Secret
from ..secrets import change_value, keep_value
from .workspace import Workspace

REPOSITORY = f"{OWNER}.repository"
"""The password of the stack's backup repositories; it follows from the vault key."""
CHANGES = (f"{MAIL}.password",)
"""What others may change at any time, as they gave it: no data is made with it."""


def show_secret(workspace: Workspace, name: str) -> Told:
    """One value in clear, for the person who asked."""
    owner, _dot, own = name.partition(".")
    value = repository_key(workspace.secrets) if name == REPOSITORY else (
        workspace.secrets.of(owner).get(own))
    if value is None:
        raise NatmError(_("this stack has no secret called {name}").format(name=name),
                        code="secrets.unknown", where=str(workspace.folder / "secrets.yml"))
    return Told((value.reveal(),), {"name": name, "value": value.reveal()})


def set_secret(workspace: Workspace, name: str, value: Secret) -> Told:
    """Keep a value in secrets.yml, encrypted. Only what others gave comes this way."""
    copies = re.fullmatch(rf"{OWNER}\.[a-z][a-z0-9_]{{0,40}}", name) and name != REPOSITORY
    if not copies and name not in CHANGES:
        raise NatmError(
            _("natm makes this secret by itself: {name}").format(name=name),
            code="secrets.not-yours",
            hint=_("the mail server's is called {mail}, what copies of backups need {owner}.NAME"
                   ).format(mail=CHANGES[0], owner=OWNER))
    if not value.reveal().strip():
        raise NatmError(_("nothing was given"), code="secrets.empty")
    keep = change_value if name in CHANGES else keep_value
    keep(workspace.folder / "secrets.yml", workspace.secrets, name, value)
    return Told((_("{name} is kept in secrets.yml, encrypted").format(name=name),
                 _("next: `natm deploy`")), {"name": name})
