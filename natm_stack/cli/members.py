# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm members: one person at a time; members_many.py has the rest."""

from __future__ import annotations

import click

from ..i18n import _
from .app import App
from .members_many import adopt_command, groups_command, import_command, invite_command


@click.group("members")
def command() -> None:
    """The people with an account: one name on all platforms."""
    from . import show_members  # noqa: F401  teaches `as_text` about members


for _other in (invite_command, import_command, groups_command, adopt_command):
    command.add_command(_other)


@command.command("add")
@click.argument("name")
@click.option("--display-name", default="", help=_("How the name is shown; any script."))
@click.option("--steward", is_flag=True, help=_("May administer the platforms."))
@click.option("--email", default="", help=_("An address, if there is one."))
@click.option("--group", "groups", multiple=True, metavar="GROUP",
              help=_("A group to be in; may be said several times."))
@click.pass_obj
def add_command(
    app: App, name: str, display_name: str, steward: bool, email: str, groups: tuple[str, ...]
) -> int:
    """Make an account on every platform and tell its first password once.

    Example: natm members add amina --display-name "Amina D."
    """
    from ..flows.members import add

    return app.show(add(app.workspace, name, display_name, steward, email=email, groups=groups),
                    "members/1", bad=1)


@command.command("list")
@click.pass_obj
def list_command(app: App) -> int:
    """List all members.

    Example: natm members list
    """
    from ..flows.members import list_members

    return app.show(list_members(app.workspace), "members/1", bad=1)


@command.command("show")
@click.argument("name")
@click.pass_obj
def show_command(app: App, name: str) -> int:
    """Show all that is known of one member.

    Example: natm members show amina
    """
    from ..flows.members import show

    return app.show(show(app.workspace, name), "member/1", bad=1)


@command.command("reset")
@click.argument("name")
@click.pass_obj
def reset_command(app: App, name: str) -> int:
    """Give a member a new first password; it opens a locked or removed account too.

    Example: natm members reset amina
    """
    from ..flows.members import reset

    return app.show(reset(app.workspace, name), "members/1", bad=1)


@command.command("address")
@click.argument("name")
@click.argument("email", required=False, default="")
@click.pass_obj
def address_command(app: App, name: str, email: str) -> int:
    """Write down a member's e-mail address, in place of the one before; without one, none.

    Example: natm members address amina amina@example.org
    """
    from ..flows.member_address import set_address

    return app.show(set_address(app.workspace, name, email), "members/1", bad=1)


@command.command("disable")
@click.argument("name")
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def disable_command(app: App, name: str, yes: bool) -> int:
    """Lock a member out of every platform for a while; groups and all they wrote stay.

    Example: natm members disable amina
    """
    from ..flows.member_locks import disable

    app.confirm(_("Lock {name} out of every platform?").format(name=name), yes=yes)
    return app.show(disable(app.workspace, name), "members/1", bad=1)


@command.command("enable")
@click.argument("name")
@click.pass_obj
def enable_command(app: App, name: str) -> int:
    """Open a locked account again, with its password from before.

    Example: natm members enable amina
    """
    from ..flows.member_locks import enable

    return app.show(enable(app.workspace, name), "members/1", bad=1)


@command.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def remove_command(app: App, name: str, yes: bool) -> int:
    """Lock a member out of every platform for good; what they wrote stays, and so does the name.

    Example: natm members remove amina
    """
    from ..flows.members import remove

    app.confirm(_("Lock {name} out of every platform?").format(name=name), yes=yes)
    return app.show(remove(app.workspace, name), "members/1", bad=1)
