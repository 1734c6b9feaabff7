# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm plan"""

from __future__ import annotations

import click

from ..i18n import _
from .app import CHANGES, App


@click.command("plan")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--full", is_flag=True, help=_("Look through everything, changed or not."))
@click.pass_obj
def command(app: App, ids: tuple[str, ...], full: bool) -> int:
    """Show what a deploy would change; exit 5 if there is something.

    Example: natm plan
    """
    from ..flows.gate import gate
    from ..flows.plan import plan
    from . import show_vet

    made, found = plan(app.workspace, only=ids, full=full)
    app.show(made, "plan/1")
    if made.changes:
        app.note(show_vet.gate_text(gate(app.workspace, made, found)))
    return CHANGES if made.changes else 0
