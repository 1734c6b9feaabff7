# SPDX-License-Identifier: AGPL-3.0-or-later
"""catalog trust: a community's own catalog is code that runs, so it is trusted by content."""

from __future__ import annotations

from pathlib import Path

from ..i18n import _
from ..model.results import Told
from ..stackfile import edit, trust_catalog
from .catalog import digest_of
from .workspace import Workspace


def _folder(workspace: Workspace, path: str) -> Path:
    return (workspace.folder / path).resolve()


def untrusted_words(workspace: Workspace, path: str) -> str:
    """What is about to be trusted: every file that could run."""
    folder = _folder(workspace, path)
    digest_of(folder)
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    lines = [_("{folder} holds {n} file(s) that would run on this computer or the server:").format(
        folder=folder, n=len(files)), *(f"  {name}" for name in files[:200])]
    return "\n".join(lines)


def trust(workspace: Workspace, path: str) -> Told:
    """Write the catalog's digest into stack.yml."""
    digest = digest_of(_folder(workspace, path))
    edit(workspace.folder / "stack.yml", trust_catalog(path, digest))
    return Told((_("{path} is trusted as it is now").format(path=path), f"  {digest}"),
                {"path": path, "trusted": digest})
