# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm eject"""

from __future__ import annotations

from pathlib import Path

import click

from ..i18n import _
from .app import App


@click.command("eject")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def command(app: App, folder: Path, yes: bool) -> int:
    """Write plain Compose, scripts and a README with which the stack goes on without natm.

    Example: natm eject ~/plain-commons
    """
    from ..flows.eject import eject, refuse_used

    refuse_used(folder)
    app.workspace  # noqa: B018  is there one at all?
    app.confirm(_("The stack's secrets are written to {folder} in clear, for your eyes alone. "
                  "Write them?").format(folder=folder), yes=yes)
    return app.show(eject(app.workspace, folder), "eject/1")
