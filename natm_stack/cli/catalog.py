# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm catalog"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..i18n import _
from .app import App


@click.group("catalog")
def command() -> None:
    """The platforms there are to choose from."""


@command.command("list")
@click.option("--category", default=None, help=_("Only this category, for instance chat."))
@click.pass_obj
def list_command(app: App, category: str | None) -> int:
    """List platforms and kits.

    Example: natm catalog list --category docs
    """
    from ..flows.catalog import entries
    from ..model.base import text_in
    from ..model.results import Told
    from .show import table

    catalog = entries(app.tools.catalogs)
    found = [e.platform for e in catalog.entries.values()
             if category in (None, e.platform.category)]
    rows = [(p.id, p.category, p.version, text_in(p.summary, "en")) for p in found]
    text = table((_("id"), _("category"), _("version"), _("what it is")), rows)
    kits = [f"  {k.name}: {', '.join(k.platforms)}" for k in catalog.kits.values()]
    value: dict[str, Any] = {
        "platforms": [{"id": p.id, "category": p.category, "version": p.version,
                       "summary": p.summary} for p in found],
        "kits": {k.name: k.platforms for k in catalog.kits.values()}}
    return app.show(Told((text, "", _("kits:"), *kits), value), "catalog-list/1")


@command.command("show")
@click.argument("id_", metavar="ID")
@click.pass_obj
def show_command(app: App, id_: str) -> int:
    """Show everything about one platform.

    Example: natm catalog show prosody
    """
    from ..flows.catalog import entries, show_entry

    return app.show(show_entry(entries(app.tools.catalogs).entry(id_)), "catalog-show/1")


@command.command("new")
@click.argument("id_", metavar="ID")
@click.option("--category", default="tool", help=_("chat, docs, files, site, tool ..."))
@click.option("--in", "folder", default="catalog", show_default=True,
              help=_("The catalog folder it goes into."))
@click.pass_obj
def new_command(app: App, id_: str, category: str, folder: str) -> int:
    """Begin a new platform: a small working one, to be changed into yours.

    Example: natm catalog new timebank --category tool
    """
    from ..flows.catalog import new_entry

    return app.show(new_entry(Path(folder), id_, category), "catalog-new/1")


@command.command("lint")
@click.argument("folders", nargs=-1, metavar="[FOLDER]...", type=click.Path(path_type=Path))
@click.pass_obj
def lint_command(app: App, folders: tuple[Path, ...]) -> int:
    """Look whether platform folders are sound, all by default; only their YAML is read.

    Example: natm catalog lint catalog/platforms/timebank
    """
    from ..flows.catalog import entries, lint

    given = folders or tuple(e.folder for e in entries(app.tools.catalogs).entries.values())
    return app.show(lint(given), "catalog-lint/1", bad=1)


@command.command("schema")
@click.pass_obj
def schema_command(app: App) -> int:
    """Print the JSON Schema of platform.yml, for editors.

    Example: natm catalog schema > platform.schema.json
    """
    from ..flows.catalog import schema

    return app.show(schema(), "catalog-schema/1")


@command.command("trust")
@click.argument("path", metavar="FOLDER")
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def trust_command(app: App, path: str, yes: bool) -> int:
    """Trust a catalog of your own as it is now; a later change is asked about again.

    Example: natm catalog trust ../our-catalog
    """
    from ..flows.trust import trust, untrusted_words

    app.note(untrusted_words(app.workspace, path))
    app.confirm(_("Trust it as it is now?"), yes=yes)
    return app.show(trust(app.workspace, path), "catalog-trust/1")
