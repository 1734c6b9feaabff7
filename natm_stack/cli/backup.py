# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm backup"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("backup")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.pass_obj
def command(app: App, ids: tuple[str, ...]) -> int:
    """Save everything, or the platforms named, in one snapshot; exit 4 if a part is missing.

    Example: natm backup
    """
    from ..flows.backup import backup
    from . import show_backup  # noqa: F401  teaches `as_text` about backups

    with app.progress as progress:
        progress.step("backup", _("saves what people wrote"))
        report = backup(app.workspace, ids)
    return app.show(report, "backup/1")
