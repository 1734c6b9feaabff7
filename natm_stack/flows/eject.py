# SPDX-License-Identifier: AGPL-3.0-or-later
"""eject: the stack as plain files with which it goes on without natm."""

from __future__ import annotations

from pathlib import Path

from ..ejecting import ejected
from ..errors import NatmError
from ..files import write
from ..i18n import _
from ..model.bundle import File
from ..model.results import Told
from .ejected_readme import readme
from .workspace import Workspace

CERTIFICATE = "ca.crt"


def eject(workspace: Workspace, folder: Path) -> Told:
    """Write everything into a new folder; what is secret is readable by its owner alone."""
    refuse_used(folder)
    deployment = workspace.deployment
    files = ejected(deployment, workspace.bundle)
    certificate, says = _certificate(workspace)
    files |= {CERTIFICATE: certificate} if certificate else {}
    files["README.md"] = File(readme(deployment, says).encode())
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    # First of all: nothing secret lies there for a moment in which git would take it.
    for path in sorted(files, key=lambda path: path != ".gitignore"):
        write(folder / path, files[path].data, files[path].mode)
    secret = sum(file.secret for file in files.values())
    return Told((
        _("{n} files are in {folder}, {secret} of them secrets in clear").format(
            n=len(files), folder=folder, secret=secret),
        _("next: read {file}; nothing on the server was changed").format(
            file=folder / "README.md")),
        {"folder": str(folder), "files": sorted(files),
         "secrets": sorted(path for path, file in files.items() if file.secret)})


def refuse_used(folder: Path) -> None:
    """Only a new folder, or an empty one: nothing of anybody's is mixed with secrets."""
    if folder.is_symlink() or (folder.exists() and (
            not folder.is_dir() or any(folder.iterdir()))):
        raise NatmError(_("{folder} is there already").format(folder=folder), code="eject.used",
                        where=str(folder), hint=_("name a folder that is new or empty"))


def _certificate(workspace: Workspace) -> tuple[File | None, str]:
    """The stack's own authority, and what the README says of it."""
    deployment = workspace.deployment
    path = f"{deployment.root}/public/{CERTIFICATE}"
    if deployment.tls.mode != "own-ca":
        return None, _("Certificates come from an authority that browsers know; the edge goes on "
                       "renewing them.") if deployment.tls.mode == "acme" else _(
            "The community's own certificate is in `platforms/edge/secrets`. Put the new one there "
            "when it is renewed.")
    there = _("The edge goes on with its own authority. Members' devices trust the certificate "
              "`{path}` on the server.").format(path=path)
    try:
        done = workspace.server.run(("cat", path))
    except NatmError:
        return None, there
    if done.code != 0 or "BEGIN CERTIFICATE" not in done.stdout:
        return None, there
    return File(done.stdout.encode()), f"{there} " + _(
        "`{name}` here is the same.").format(name=CERTIFICATE)
