# SPDX-License-Identifier: AGPL-3.0-or-later
"""secrets: show one that somebody needs by hand, or keep one that somebody brings."""

from __future__ import annotations

from ..errors import NatmError
from ..i18n import _
from ..mailing import MAIL
from ..model.results import Told
from ..model.secret import Secret
from ..secrets import change_value
from .workspace import Workspace

CHANGES = (f"{MAIL}.password",)
"""What others may change at any time, as they gave it: no data is made with it."""


def show_secret(workspace: Workspace, name: str) -> Told:
    """One value in clear, for the person who asked."""
    owner, _dot, own = name.partition(".")
    value = workspace.secrets.of(owner).get(own)
    if value is None:
        raise NatmError(_("this stack has no secret called {name}").format(name=name),
                        code="secrets.unknown", where=str(workspace.folder / "secrets.yml"))
    return Told((value.reveal(),), {"name": name, "value": value.reveal()})


def set_secret(workspace: Workspace, name: str, value: Secret) -> Told:
    """Keep a value in secrets.yml, encrypted. Only what others gave comes this way."""
    if name not in CHANGES:
        raise NatmError(
            _("natm makes this secret by itself: {name}").format(name=name),
            code="secrets.not-yours",
            hint=_("the mail server's is called {name}").format(name=CHANGES[0]))
    if not value.reveal().strip():
        raise NatmError(_("nothing was given"), code="secrets.empty")
    change_value(workspace.folder / "secrets.yml", workspace.secrets, name, value)
    return Told((_("{name} is kept in secrets.yml, encrypted").format(name=name),
                 _("next: `natm deploy`")), {"name": name})
