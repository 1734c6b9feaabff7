# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm members: invitations, tables of people, groups, accounts of earlier days."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import UsageError
from ..i18n import _, ngettext
from .app import App

ENCODINGS = ("utf-8", "windows-1252", "windows-1250", "windows-1251", "iso-8859-1")
FILE = click.Path(path_type=Path)


@click.command("invite")
@click.argument("name")
@click.option("--email", default="", help=_("Where to send the link, if the stack has mail."))
@click.option("--steward", is_flag=True, help=_("May administer the platforms."))
@click.option("--group", "groups", multiple=True, metavar="GROUP",
              help=_("A group to be in; may be said several times."))
@click.pass_obj
def invite_command(
    app: App, name: str, email: str, steward: bool, groups: tuple[str, ...]
) -> int:
    """Make a link by which one person makes their own account; it works once, for two days.

    Example: natm members invite amina --email amina@example.org
    """
    from ..flows.invitations import invite

    return app.show(invite(app.workspace, name, email=email, steward=steward, groups=groups),
                    "new-members/1", bad=1)


@click.command("import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help=_("Only look at every line; change nothing."))
@click.option("--invite", "links", is_flag=True, help=_("A link for each instead of a password."))
@click.option("--passwords", type=FILE, metavar="FILE", default=None,
              help=_("Write passwords or links to this new file, which only you can read."))
@click.option("--encoding", type=click.Choice(ENCODINGS), default="utf-8", show_default=True,
              help=_("How the table's letters are written."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def import_command(
    app: App, file: Path, dry_run: bool, links: bool, passwords: Path | None, encoding: str,
    yes: bool,
) -> int:
    """Make accounts for everyone in a table (CSV), or for nobody if one line is wrong.

    Columns: name, and if you like display_name, email, groups, steward (yes or no).

    Example: natm members import people.csv --passwords ~/first.csv
    """
    from ..flows.member_import import import_, look, refuse_file
    from ..flows.member_table import read_table

    table = read_table(file, encoding)
    refuse_file(passwords)
    seen = look(app.workspace, table, links=links)
    if dry_run or not seen.ok:
        return app.show(seen, "new-members/1", bad=1)
    for row in table.rows[:10]:
        app.note(f"  {row.name}  {row.display_name}")
    app.confirm(ngettext("Make {n} member like this?", "Make {n} members like these?",
                         seen.count).format(n=seen.count), yes=yes)
    return app.show(import_(app.workspace, table, keep_in=passwords, links=links),
                    "new-members/1", bad=1)


@click.group("groups")
def groups_command() -> None:
    """Groups of members, which platforms may know."""


@groups_command.command("list")
@click.pass_obj
def groups_list_command(app: App) -> int:
    """List all groups, with who is in them.

    Example: natm members groups list
    """
    from ..flows.member_groups import list_groups

    return app.show(list_groups(app.workspace), "groups/1", bad=1)


@groups_command.command("add")
@click.argument("group")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.pass_obj
def groups_add_command(app: App, group: str, names: tuple[str, ...]) -> int:
    """Put members into a group; it is made if there is none of that name.

    Example: natm members groups add garden amina bo
    """
    from ..flows.member_groups import join

    return app.show(join(app.workspace, group, names), "groups/1", bad=1)


@groups_command.command("remove")
@click.argument("group")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.pass_obj
def groups_remove_command(app: App, group: str, names: tuple[str, ...]) -> int:
    """Take members out of a group.

    Example: natm members groups remove garden bo
    """
    from ..flows.member_groups import leave

    return app.show(leave(app.workspace, group, names), "groups/1", bad=1)


@click.command("adopt")
@click.option("--match", "pairs", multiple=True, metavar="OLD=NAME",
              help=_("Note that the account OLD belongs to the member NAME."))
@click.option("--steward", "stewards", multiple=True, metavar="NAME",
              help=_("Make this one a steward; platforms make nobody one."))
@click.option("--dry-run", is_flag=True, help=_("Only show what would be done."))
@click.option("--invite", "links", is_flag=True, help=_("A link for each instead of a password."))
@click.option("--passwords", type=FILE, metavar="FILE", default=None,
              help=_("Write passwords or links to this new file, which only you can read."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def adopt_command(
    app: App, pairs: tuple[str, ...], stewards: tuple[str, ...], dry_run: bool, links: bool,
    passwords: Path | None, yes: bool,
) -> int:
    """Give members whose accounts the platforms kept so far the one account of the same name.

    Example: natm members adopt --passwords ~/first.csv
    """
    from ..flows.adoption import adopt, look

    matches = _matches(pairs)
    seen = look(app.workspace, matches, stewards)
    if dry_run or not seen.ok or not (seen.adopted or seen.locked or matches):
        return app.show(seen, "adoption/1", bad=1)
    app.confirm(ngettext("Make {n} account?", "Make {n} accounts?", seen.people.count).format(
        n=seen.people.count), yes=yes)
    return app.show(adopt(app.workspace, matches, stewards, keep_in=passwords, links=links),
                    "adoption/1", bad=1)


def _matches(pairs: tuple[str, ...]) -> dict[str, str]:
    """OLD=NAME, where OLD may hold anything."""
    found = {}
    for pair in pairs:
        old, sign, new = pair.rpartition("=")
        if not (old and sign and new):
            raise UsageError(_("--match wants OLD=NAME, not {word}").format(word=repr(pair)),
                             code="usage")
        found[old] = new
    return found
