# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm remove"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("remove")
@click.option("--purge", is_flag=True, help=_("Also remove what people made, for good."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def command(app: App, purge: bool, yes: bool) -> int:
    """Take the whole stack off the server; what people made stays, unless --purge.

    Example: natm remove
    """
    from ..flows.drill import sweep
    from ..flows.remove import remove

    app.confirm(_("Stop and remove the whole stack?"), yes=yes)
    if purge:
        app.confirm(_("Really remove all that people made, for good?"), yes=yes)
    with app.progress:
        sweep(app.workspace)
        return app.show(remove(app.workspace, purge=purge), "remove/1")
