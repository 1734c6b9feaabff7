# SPDX-License-Identifier: AGPL-3.0-or-later
"""The recovery sheet: one page of plain text to print, for the worst day. It holds no secret."""

from __future__ import annotations

from pathlib import Path

from ..backupfile import target_names
from ..files import read_text, write
from ..i18n import _
from ..model.backup import HERE
from ..model.deployment import Deployment
from .workspace import Workspace

NAME = "RECOVERY.txt"


def write_sheet(workspace: Workspace) -> Path:
    """Write the sheet beside stack.yml, where it says something else than before."""
    file = workspace.folder / NAME
    text = sheet(workspace.deployment, str(workspace.key_file))
    if read_text(file) != text:
        write(file, text.encode())
    return file


def sheet(deployment: Deployment, key_file: str) -> str:
    """The page. Pure."""
    places = [_place(deployment, name) for name in target_names(deployment)]
    running = [f"  {i.id:<12} {i.platform.name} {i.version}" for i in deployment.instances]
    return _(
        "If the server is gone: {title} ({domain})\n"
        "\n"
        "Print this and keep it with the vault key, apart from the server.\n"
        "\n"
        "WHAT RAN, on {host}, in {root}\n"
        "{running}\n"
        "\n"
        "WHERE THE BACKUPS ARE\n"
        "{places}\n"
        "\n"
        "WHAT YOU NEED\n"
        "  1. this folder, with stack.yml and secrets.yml (in git, or from another steward)\n"
        "  2. the vault key; it was shown once, and lies in {key_file}\n"
        "  3. one of the backups above that is not on the lost server\n"
        "\n"
        "WHAT TO DO\n"
        "  1. Rent or set up a new server with Debian, and let SSH in.\n"
        "  2. Write its address into stack.yml, under server: host.\n"
        "  3. Let the names of {domain} lead to the new server (DNS records).\n"
        "  4. In this folder: natm restore --from NAME\n"
        "     (NAME is the backup's name above)\n"
        "  5. natm verify --browser\n"
        "\n"
        "WITHOUT NATM\n"
        "  The backups are ordinary restic repositories. `natm secrets show backup.repository`\n"
        "  prints their password; it follows from the vault key and stays the same. Then:\n"
        "    restic -r ADDRESS snapshots\n"
        "    restic -r ADDRESS restore latest --target FOLDER\n"
        "  FOLDER/platforms/ID/files holds what platforms keep as files, dumps their databases,\n"
        "  manifest.json what was saved when, workspace.json this folder as last deployed.\n"
    ).format(title=deployment.title, domain=deployment.domain, host=deployment.server.host,
             root=deployment.root, running="\n".join(running), places="\n".join(places),
             key_file=key_file)


def _place(deployment: Deployment, name: str) -> str:
    if name == HERE:
        return f"  {name:<12} {deployment.root}/backup/repository, " + _("on the server itself")
    url = {copy.name: copy.url for copy in deployment.backup.copies}[name]
    return f"  {name:<12} {url}"
