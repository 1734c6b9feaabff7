# SPDX-License-Identifier: AGPL-3.0-or-later
"""backup and backups: by the very program that the server's timer starts."""

from __future__ import annotations

from typing import Any

from ..backupfile import target_names
from ..errors import NatmError
from ..i18n import _, spoken
from ..model.backups import BackupReport, BackupsReport, Checked, Proof, Saved, Snapshot, Target
from .plan import known_ids
from .recovery import ask
from .sheet import write_sheet
from .verify import finish_clean_up
from .workspace import Workspace


def backup(workspace: Workspace, ids: tuple[str, ...]) -> BackupReport:
    """Save some platforms, or all; nobody else may change the server meanwhile."""
    known_ids(workspace, ids)
    with workspace.lock("backup") as lock:
        finish_clean_up(workspace)
        answer = ask(workspace, "backup", {"only": list(ids)})
        report = backup_report(workspace, answer)
        lock.result = "done" if report.ok else "failed"
    return report


def backups(workspace: Workspace, target: str | None) -> BackupsReport:
    """The snapshots there are in one repository."""
    target = known_target(workspace, target)
    answer = ask(workspace, "list", {"target": target})
    proof = _proof(answer.get("proof"))
    return BackupsReport(workspace.deployment.name, target, tuple(
        Snapshot(one["id"], one["run"], one["at"], one["kind"], dict(one["platforms"]),
                 proof is not None and one["run"] == proof.run)
        for one in answer["snapshots"]), proof, _checked(answer.get("checked")))


def known_target(workspace: Workspace, name: str | None) -> str:
    """A repository of stack.yml, the first one where none is named."""
    names = target_names(workspace.deployment)
    if name is None:
        return names[0]
    if name not in names:
        raise NatmError(
            _("this stack keeps no backups at {name}").format(name=name),
            code="backup.unknown-target", where=str(workspace.folder / "stack.yml"),
            hint=_("there are: {names}").format(names=", ".join(names)))
    return name


def backup_report(workspace: Workspace, answer: dict[str, Any]) -> BackupReport:
    """What the program says of a backup, and the recovery sheet that goes with it."""
    saved = tuple(
        Saved(id_, one["version"], one["files"], one["bytes"], one["members"],
              one["one_moment"], one["still_seconds"])
        for id_, one in answer["platforms"].items())
    targets = tuple(
        Target(name, one["ok"], one["away"], one.get("snapshots", 0), one.get("mb", 0),
               spoken(one["says"]) if "says" in one else "", one.get("code", ""))
        for name, one in answer["targets"].items())
    return BackupReport(
        workspace.deployment.name, answer["run"], answer["at"], answer["kind"],
        answer["seconds"], answer["bytes"], answer["added"], saved, targets,
        {id_: spoken(says) for id_, says in answer["failed"].items()},
        str(write_sheet(workspace)))


def _checked(found: dict[str, Any] | None) -> Checked | None:
    if not found:
        return None
    return Checked(
        found["state"], found["at"], spoken(found["says"]) if "says" in found else "",
        found.get("run", ""), found.get("files", 0), found["part"], found["of"])


def _proof(found: dict[str, Any] | None) -> Proof | None:
    if not found:
        return None
    return Proof(found["run"], found["at"], found["seconds"], tuple(found["what"]))
