# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm secrets"""

from __future__ import annotations

import sys

import click

from ..i18n import _
from .app import App


@click.group("secrets")
def command() -> None:
    """The stack's secrets: show one, or keep one that was given to you."""


@command.command("show")
@click.argument("name")
@click.pass_obj
def show_command(app: App, name: str) -> int:
    """Print one secret in clear; mind who looks over your shoulder.

    Example: natm secrets show backup.repository
    """
    from ..flows.secret_values import show_secret

    return app.show(show_secret(app.workspace, name), "secret/1")


@command.command("set")
@click.argument("name")
@click.pass_obj
def set_command(app: App, name: str) -> int:
    """Keep a secret that somebody gave you; it is asked for, or read from standard input.

    Example: natm secrets set mail.password
    """
    from ..flows.secret_values import set_secret
    from ..model.secret import Secret

    value = click.prompt(_("its value"), hide_input=True, err=True) if sys.stdin.isatty() else (
        sys.stdin.read(64 * 1024).strip("\n"))
    return app.show(set_secret(app.workspace, name, Secret(value)), "told/1")
