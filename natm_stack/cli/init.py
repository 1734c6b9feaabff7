# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm init"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..errors import UsageError
from ..i18n import _
from .app import App


@click.command("init")
@click.argument("folder", default=".", metavar="[FOLDER]")
@click.option("--from", "source", metavar="SERVER", help=_("Fetch the workspace a server keeps."))
@click.option("--name", help=_("Short name: lower-case letters, digits, hyphens."))
@click.option("--title", help=_("The community's name as members read it."))
@click.option("--domain", help=_("The domain, for instance commons.example.org."))
@click.option("--server", default=None, help=_("`local`, or a name or address for SSH."))
@click.option("--user", default=None, help=_("The user on the server."))
@click.option("--port", type=int, default=None, help=_("The SSH port."))
@click.option("--root", default=None, help=_("The folder on the server; /srv/natm."))
@click.option("--kit", default=None, help=_("A set of platforms; `natm catalog list` shows all."))
@click.option("--platform", "platforms", multiple=True, help=_("One more platform; repeatable."))
@click.option("--language", "languages", multiple=True, help=_("A language; repeatable."))
@click.option("--tls", type=click.Choice(["own-ca", "acme"]), default=None,
              help=_("Where certificates come from."))
@click.option("--policy", default=None,
              help=_("A policy to begin with: first-steps, careful, newsroom, school."))
@click.option("--accept-unproven", is_flag=True,
              help=_("Also what was only rendered, and never run."))
@click.option("--email", default=None, help=_("Whom the certificate issuer warns."))
@click.pass_obj
def command(app: App, /, folder: str, source: str | None, **given: Any) -> int:
    """Begin a workspace: answer a few questions, or give flags.

    Example: natm init commons --name commons --domain commons.example.org --kit commons
    """
    from ..flows.init import init, init_from

    where = Path(app.folder or folder)
    if source:
        server = {"host": source, "user": given["user"], "port": given["port"],
                  "root": given["root"] or "/srv/natm"}
        return app.show(init_from(where, server, app.tools), "init/1")
    kit = given["kit"]
    if not (given["name"] and given["domain"]):
        kit = _ask(given)
    if not kit and not given["platforms"]:
        kit = "commons"
    policy = None if given["policy"] == "none" else given["policy"]
    return app.show(init(
        where, _values(given), kit, app.tools.catalogs, policy,
        accept_unproven=given["accept_unproven"]), "init/1")


def _ask(given: dict[str, Any]) -> str | None:
    """The wizard: asks what the flags left open."""
    if not sys.stdin.isatty():
        raise UsageError(_("--name and --domain are needed where nobody can be asked"),
                         code="usage.missing")
    questions = [("name", _("Short name of the stack"), "commons"),
                 ("title", _("The community's name, as members read it"), None),
                 ("domain", _("Its domain (it cannot be changed later)"), None),
                 ("server", _("The server: `local`, or a name or address for SSH"), "local"),
                 ("kit", _("A kit to start with (`natm catalog list` shows all)"), "commons"),
                 ("policy", _("A policy to begin with: first-steps, careful, newsroom, school, "
                              "or none"), "first-steps")]
    for key, question, default in questions:
        if not given[key]:
            given[key] = click.prompt(question, default=default, err=True)
    return str(given["kit"])


def _values(given: dict[str, Any]) -> dict[str, Any]:
    domain = given["domain"]
    own = domain.endswith((".localhost", ".test", ".internal", ".lan", ".home.arpa"))
    server = {"host": given["server"] or "local", "user": given["user"], "port": given["port"],
              "root": given["root"]}
    tls = {"mode": given["tls"] or ("own-ca" if own else "acme"), "email": given["email"]}
    return {
        "name": given["name"], "title": given["title"] or given["name"].capitalize(),
        "domain": domain, "languages": list(given["languages"]) or ["en"],
        "server": {k: v for k, v in server.items() if v is not None},
        "tls": {k: v for k, v in tls.items() if v is not None},
        "platforms": list(given["platforms"]),
    }
