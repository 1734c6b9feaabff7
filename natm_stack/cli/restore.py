# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm restore"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("restore")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--snapshot", "run", metavar="NAME", default=None,
              help=_("Which one, as `natm backups` names it; else the newest of all."))
@click.option("--from", "target", metavar="NAME", default=None,
              help=_("Another repository of stack.yml than the first."))
@click.option("--no-backup", is_flag=True, help=_("Do not save what is there now first."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def command(
    app: App, ids: tuple[str, ...], run: str | None, target: str | None, no_backup: bool, yes: bool,
) -> int:
    """Bring everything, or the platforms named, back to a snapshot; also onto a new server.

    Example: natm restore mediawiki --snapshot 20260301033000-abc123
    """
    from ..flows.restore import new_server, restore
    from . import show_backup  # noqa: F401  teaches `as_text` about backups
    from .show import as_text

    plan = new_server(app.workspace, target)
    if plan is not None:
        app.note(as_text(plan) + "\n")
    app.confirm(_("Bring this up and restore into it?") if plan else _(
        "What was written since is replaced. Restore?"), yes=yes)
    with app.progress as progress:
        progress.step("restore", _("brings back what was saved"))
        report = restore(app.workspace, ids, run=run, target=target, plan=plan,
                         save=not no_backup)
    return app.show(report, "restore/1", bad=1 if report.failed else 4)
