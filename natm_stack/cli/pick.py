# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm pick"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("pick")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--accept-unproven", is_flag=True,
              help=_("Also what was only rendered, and never run."))
@click.pass_obj
def command(app: App, ids: tuple[str, ...], accept_unproven: bool) -> int:
    """Add platforms to stack.yml; its comments stay. The server changes with the next deploy.

    Example: natm pick copyparty
    """
    from ..flows.choose import pick

    return app.show(pick(app.workspace, ids, accept_unproven=accept_unproven), "pick/1")
