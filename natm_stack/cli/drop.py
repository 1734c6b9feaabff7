# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm drop"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("drop")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--purge", is_flag=True, help=_("Remove it and what people made there, for good."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def command(app: App, ids: tuple[str, ...], purge: bool, yes: bool) -> int:
    """Take platforms out of stack.yml; what people made there stays, unless --purge.

    Example: natm drop mediawiki
    """
    from ..flows.choose import drop

    if purge:
        app.confirm(_("Remove {ids} from the server with all that people made there?").format(
            ids=", ".join(ids)), yes=yes)
    return app.show(drop(app.workspace, ids, purge=purge), "drop/1")
