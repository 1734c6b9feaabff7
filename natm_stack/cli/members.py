# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm members"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.group("members")
def command() -> None:
    """The people with an account: one name on all platforms."""


@command.command("add")
@click.argument("name")
@click.option("--display-name", default="", help=_("How the name is shown; any script."))
@click.option("--steward", is_flag=True, help=_("May administer the platforms."))
@click.pass_obj
def add_command(app: App, name: str, display_name: str, steward: bool) -> int:
    """Make an account on every platform and tell its first password once.

    Example: natm members add amina --display-name "Amina D."
    """
    from ..flows.members import add

    return app.show(add(app.workspace, name, display_name, steward), "members/1", bad=1)


@command.command("list")
@click.pass_obj
def list_command(app: App) -> int:
    """List all members.

    Example: natm members list
    """
    from ..flows.members import list_members

    return app.show(list_members(app.workspace), "members/1", bad=1)


@command.command("reset")
@click.argument("name")
@click.pass_obj
def reset_command(app: App, name: str) -> int:
    """Give a member a new first password.

    Example: natm members reset amina
    """
    from ..flows.members import reset

    return app.show(reset(app.workspace, name), "members/1", bad=1)


@command.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def remove_command(app: App, name: str, yes: bool) -> int:
    """Lock a member out of every platform; what they wrote stays.

    Example: natm members remove amina
    """
    from ..flows.members import remove

    app.confirm(_("Lock {name} out of every platform?").format(name=name), yes=yes)
    return app.show(remove(app.workspace, name), "members/1", bad=1)
