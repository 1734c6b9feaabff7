# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm backups"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("backups")
@click.option("--from", "target", metavar="NAME", default=None,
              help=_("Another repository of stack.yml than the first."))
@click.pass_obj
def command(app: App, target: str | None) -> int:
    """List the snapshots there are, with the versions in them and the last proven restore.

    Example: natm backups
    """
    from ..flows.backup import backups
    from . import show_backup  # noqa: F401  teaches `as_text` about backups

    return app.show(backups(app.workspace, target), "backups/1")
