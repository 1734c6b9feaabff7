# SPDX-License-Identifier: AGPL-3.0-or-later
"""Records natm keeps on the server: the workspace for the next steward, and what was proven."""

from __future__ import annotations

import re
from typing import Any

from ..errors import NatmError
from ..files import read_text
from ..i18n import _
from ..mailing import MAIL
from ..secrets import secrets_of_text
from ..server import Server
from .workspace import Workspace

KEPT = ("stack.yml", "policy.yml", "secrets.yml")
ALSO_KEPT = re.compile(
    r"overrides/[a-z][a-z0-9-]{0,30}/compose\.yml|decisions/[a-z0-9][a-z0-9_-]{0,110}\.(yml|jsonl)")
"""Other files of a workspace that are kept, by their place in it."""


def record(server: Server, root: str, action: str, name: str, *, folder: str = "records",
           value: Any = None) -> Any:
    """Read, write or drop one record on the server."""
    answer = server.script("record", {
        "root": root, "folder": folder, "action": action, "name": name, "value": value})
    return answer["value"]


def keep_workspace(workspace: Workspace) -> None:
    """Store the workspace on the server, its secrets still encrypted.

    What is stored there may be the last copy of secrets that data was made with, so it is only
    replaced by a workspace that has all of them.
    """
    _refuse_lost_secrets(workspace)
    folder = workspace.folder
    paths = [*folder.glob("overrides/*/*"), *folder.glob("decisions/*")]
    more = sorted(path.relative_to(folder).as_posix() for path in paths)
    names = [*KEPT, *(name for name in more if ALSO_KEPT.fullmatch(name))]
    texts = {name: read_text(folder / name) for name in names}
    record(workspace.server, workspace.deployment.root, "write", "workspace.json",
           value={name: text for name, text in texts.items() if text is not None})


def _refuse_lost_secrets(workspace: Workspace) -> None:
    kept = record(workspace.server, workspace.deployment.root, "read", "workspace.json") or {}
    text = kept.get("secrets.yml")
    if not isinstance(text, str):
        return
    before = secrets_of_text(text, workspace.folder / "secrets.yml", workspace.secrets.vault_key)
    for id_, own in before.values.items():
        if id_ == MAIL:
            continue  # Whoever runs the mail server may give another; no data is made with it.
        for name, value in own.items():
            if workspace.secrets.of(id_).get(name) != value:
                raise NatmError(
                    _("the server's data was made with another {id}.{name} than this workspace "
                      "has").format(id=id_, name=name),
                    code="secrets.differ", where=str(workspace.folder / "secrets.yml"),
                    hint=_("use the newest copy of the workspace; "
                           "`natm init --from SERVER` fetches it"))
