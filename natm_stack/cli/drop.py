# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm drop"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("drop")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--purge", is_flag=True, help=_("Remove it and what people made there, for good."))
@click.option("--no-backup", is_flag=True, help=_("With --purge: do not save it first."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def command(app: App, ids: tuple[str, ...], purge: bool, no_backup: bool, yes: bool) -> int:
    """Take platforms out of stack.yml; what people made there stays, unless --purge.

    Example: natm drop mediawiki
    """
    from ..flows.choose import drop, drop_for_good, droppable

    if not purge:
        return app.show(drop(app.workspace, ids), "drop/1")
    from ..flows.purge import would_go

    for line in would_go(app.workspace, droppable(app.workspace, ids)):
        app.note(f"  {line}")
    app.confirm(_("Remove {ids} from the server with all that people made there?").format(
        ids=", ".join(ids)), yes=yes)
    with app.progress as progress:
        progress.step("drop", _("saves it, and takes it away"))
        told = drop_for_good(app.workspace, ids, save=not no_backup)
    return app.show(told, "drop/1")
