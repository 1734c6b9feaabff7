# SPDX-License-Identifier: AGPL-3.0-or-later
"""secrets: show one that somebody needs by hand, or keep one that somebody brings."""

from __future__ import annotations

import re

from ..backupfile import OWNER, repository_key
from ..errors import NatmError
from ..i18n import _
from ..model.results import Told
from ..model.secret import Secret
from ..secrets import keep_value
from .workspace import Workspace

REPOSITORY = f"{OWNER}.repository"
"""The password of the stack's backup repositories; it follows from the vault key."""


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
    """Keep a value in secrets.yml, encrypted. Only what copies of backups need comes this way."""
    if not re.fullmatch(rf"{OWNER}\.[a-z][a-z0-9_]{{0,40}}", name) or name == REPOSITORY:
        raise NatmError(
            _("natm makes this secret by itself: {name}").format(name=name),
            code="secrets.not-yours",
            hint=_("what backup copies need is called {owner}.NAME").format(owner=OWNER))
    if not value.reveal().strip():
        raise NatmError(_("nothing was given"), code="secrets.empty")
    keep_value(workspace.folder / "secrets.yml", workspace.secrets, name, value)
    return Told((_("{name} is kept in secrets.yml, encrypted").format(name=name),
                 _("next: `natm deploy`")), {"name": name})
