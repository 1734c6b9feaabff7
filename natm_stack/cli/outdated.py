# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm outdated"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("outdated")
@click.pass_obj
def command(app: App) -> int:
    """List what has a newer version: in this natm, and in Debian's packages.

    Example: natm outdated
    """
    from ..flows.outdated import outdated
    from . import show_upgrade  # noqa: F401  teaches `as_text` about upgrades

    with app.progress as progress:
        progress.step("outdated", _("asks the server's mirrors"))
        report = outdated(app.workspace)
    return app.show(report, "outdated/1")
