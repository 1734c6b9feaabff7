# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm render"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("render")
@click.pass_obj
def command(app: App) -> int:
    """Write the bundle and touch nothing else; apply it by hand if you like.

    Example: natm render && cd bundle && ansible-playbook --vault-password-file KEY site.yml
    """
    from ..model.results import Told

    changed, folder = app.workspace.write_bundle(), app.workspace.bundle_folder
    line = _("{n} file(s) written to {folder}").format(n=changed, folder=folder)
    return app.show(Told((line,), {"written": changed, "folder": str(folder)}), "render/1")
