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
@click.option("--instead-of", default=None, metavar="NAME",
              help=_("Only what people come to from there, for instance whatsapp."))
@click.option("--refused", "only_refused", is_flag=True,
              help=_("What the catalog does not offer, and why, instead."))
@click.pass_obj
def list_command(
    app: App, category: str | None, instead_of: str | None, only_refused: bool
) -> int:
    """List platforms and kits; what is refused is not among them.

    Example: natm catalog list --category docs --instead-of google-docs
    """
    from ..flows.listing import in_short, listing, matching
    from ..model.results import Told
    from .show import columns

    catalog = listing(app.layers)
    if only_refused:
        return app.show(_refused_told(catalog, category), "catalog-refused/1")
    found = matching(catalog, category, instead_of)
    rows = [(p["id"], p["category"], p["version"], p["summary"]["en"], in_short(p["ladder"]))
            for p in found]
    text = columns((_("id"), _("category"), _("version"), _("what it is"), _("proven")), rows)
    kits = [f"  {name}: {', '.join(kit['platforms'])}" for name, kit in catalog["kits"].items()]
    value: dict[str, Any] = {
        "platforms": found,
        "kits": {name: kit["platforms"] for name, kit in catalog["kits"].items()}}
    lines = (text, "", _("kits:"), *kits) if rows else (
        _("the catalog has nothing of that kind yet"),)
    return app.show(Told(lines, value), "catalog-list/1")


def _refused_told(catalog: dict[str, Any], category: str | None) -> Any:
    from ..flows.listing import refused
    from ..model.base import words_in
    from ..model.results import Told
    from .show import columns

    found = refused(catalog, category)
    rows = [(p["id"], p["category"], p["since"], words_in(p["why"][0], ("en",))) for p in found]
    text = columns((_("id"), _("category"), _("since"), _("the first reason")), rows)
    lines = (text, "", _("`natm catalog show ID` gives all reasons, and what would change them")) \
        if rows else (_("nothing of that kind is refused"),)
    return Told(lines, {"refused": found})


@command.command("show")
@click.argument("id_", metavar="ID")
@click.pass_obj
def show_command(app: App, id_: str) -> int:
    """Show everything about one platform: what it needs, and what is known of it.

    Example: natm catalog show prosody
    """
    from ..flows.catalog import show_entry
    from ..flows.vet import of_catalog

    return app.show(show_entry(of_catalog(app.layers), id_), "catalog-show/1")


@command.command("compare")
@click.argument("ids", nargs=-1, required=True, metavar="ID ID...")
@click.option("--question", default=None, metavar="NAME",
              help=_("Only one question, for instance portability."))
@click.pass_obj
def compare_command(app: App, ids: tuple[str, ...], question: str | None) -> int:
    """Put what is known of platforms side by side, one question at a time.

    Example: natm catalog compare mediawiki copyparty --question portability
    """
    from ..flows.dossiers import compare
    from ..flows.vet import of_catalog

    return app.show(compare(of_catalog(app.layers), ids, question), "catalog-compare/1")


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
@click.option("--before", metavar="CATALOG", type=click.Path(path_type=Path), default=None,
              help=_("An earlier catalog: a dossier's day must not move without new evidence."))
@click.pass_obj
def lint_command(app: App, folders: tuple[Path, ...], before: Path | None) -> int:
    """Look whether platform folders are sound, all by default; only their YAML is read.

    Example: natm catalog lint catalog/platforms/timebank
    """
    from ..flows.catalog import entries, lint

    catalog = entries(app.tools.catalogs)
    given = folders or (*(e.folder for e in catalog.entries.values()), *catalog.refused.values())
    return app.show(lint(given, before), "catalog-lint/1", bad=1)


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
