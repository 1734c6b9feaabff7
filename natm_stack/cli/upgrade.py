# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm upgrade"""

from __future__ import annotations

import click

from ..errors import NatmError
from ..i18n import _
from .app import App


@click.command("upgrade")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--packages", is_flag=True,
              help=_("Make all images anew of today's packages: security fixes come this way."))
@click.option("--browser", is_flag=True, help=_("Prove it in a real browser too."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def command(
    app: App, ids: tuple[str, ...], packages: bool, browser: bool, yes: bool
) -> int:
    """Bring platforms to their newer version: save, switch, prove; back to before if that fails.

    Example: natm upgrade mediawiki
    """
    from ..flows.outdated import move_epoch
    from ..flows.upgrade import upgrade, upgrade_plan
    from . import show_upgrade

    if packages:
        app.confirm(_("Make all images anew of today's packages? stack.yml notes the day."),
                    yes=yes)
        move_epoch(app.workspace)
        app.forget_workspace()
    plan, _found = upgrade_plan(app.workspace, ids)
    if not plan.to_upgrade:
        raise NatmError(_("there is nothing to upgrade"), code="upgrade.nothing",
                        hint=_("`natm outdated` tells what is newer"))
    app.note(show_upgrade.upgrade_plan_text(plan) + "\n")
    app.confirm(_("Members of each of them wait a little while it is switched. Upgrade?"), yes=yes)
    with app.progress:
        report = upgrade(app.workspace, plan, ids, browser=browser)
    return app.show(report, "upgrade/1", bad=1)
