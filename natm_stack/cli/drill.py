# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm drill"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("drill")
@click.option("--snapshot", "run", metavar="NAME", default=None,
              help=_("Which one, as `natm backups` names it; else the newest of all."))
@click.option("--from", "target", metavar="NAME", default=None,
              help=_("Another repository of stack.yml than the first."))
@click.pass_obj
def command(app: App, run: str | None, target: str | None) -> int:
    """Restore into a copy that nobody reaches, prove it, take it away; exit 4 if it fails.

    Example: natm drill
    """
    from ..flows.drill import drill
    from . import show_backup  # noqa: F401  teaches `as_text` about backups

    with app.progress as progress:
        progress.step("drill", _("restores beside what runs"))
        report = drill(app.workspace, run=run, target=target)
    return app.show(report, "drill/1")
