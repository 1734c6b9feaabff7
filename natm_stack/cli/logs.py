# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm logs"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("logs")
@click.argument("id_", metavar="ID")
@click.option("--lines", default=60, type=click.IntRange(1, 10000), show_default=True,
              help=_("How many of each container."))
@click.pass_obj
def command(app: App, id_: str, lines: int) -> int:
    """Show what a platform's containers said last.

    Example: natm logs prosody --lines 200
    """
    from ..flows.logs import logs

    return app.show(logs(app.workspace, id_, lines), "logs/1")
