# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm rollback"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("rollback")
@click.argument("id_", metavar="ID")
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def command(app: App, id_: str, yes: bool) -> int:
    """Go back to the version before the last upgrade, and to what was written in it.

    Example: natm rollback mediawiki
    """
    from ..flows.upgrade import rollback, rollback_words
    from . import show_upgrade  # noqa: F401  teaches `as_text` about upgrades

    app.note(rollback_words(app.workspace, id_))
    app.confirm(_("Go back?"), yes=yes)
    with app.progress:
        report = rollback(app.workspace, id_)
    return app.show(report, "rollback/1", bad=1)
