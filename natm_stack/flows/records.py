# SPDX-License-Identifier: AGPL-3.0-or-later
"""Records natm keeps on the server: the workspace for the next steward, and what was proven."""

from __future__ import annotations

from typing import Any

from ..files import read_text
from ..server import Server
from .workspace import Workspace

KEPT = ("stack.yml", "policy.yml", "secrets.yml")


def record(server: Server, root: str, action: str, name: str, *, folder: str = "records",
           value: Any = None) -> Any:
    """Read, write or drop one record on the server."""
    answer = server.script("record", {
        "root": root, "folder": folder, "action": action, "name": name, "value": value})
    return answer["value"]


def keep_workspace(workspace: Workspace) -> None:
    """Store the workspace on the server, its secrets still encrypted."""
    texts = {name: read_text(workspace.folder / name) for name in KEPT}
    record(workspace.server, workspace.deployment.root, "write", "workspace.json",
           value={name: text for name, text in texts.items() if text is not None})
