# SPDX-License-Identifier: AGPL-3.0-or-later
"""restore: what was saved comes back, in place or onto a new server, and is proven to work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..diff import known_receipts
from ..errors import NatmError
from ..i18n import _, spoken
from ..model.backups import Restored, RestoreReport
from ..model.results import Plan
from .backup import known_target
from .deploy import deploy
from .plan import known_ids, look
from .plan import plan as make_plan
from .recovery import ask, ended_words
from .verify import finish_clean_up, verify_held
from .workspace import Workspace


def new_server(workspace: Workspace, target: str | None) -> Plan | None:
    """The plan for a server that has nothing yet; None where the stack is there.

    A new server has no repository of its own that could hold anything.
    """
    target = known_target(workspace, target)
    if known_receipts(look(workspace)):
        return None
    if target == "here":
        raise NatmError(
            _("this server has nothing yet, and so no backup either"), code="restore.bare",
            where=workspace.deployment.server.host,
            hint=_("say which copy to restore from, with --from NAME"))
    return make_plan(workspace)[0]


def restore(
    workspace: Workspace, ids: tuple[str, ...], *, run: str | None, target: str | None,
    plan: Plan | None = None, save: bool = True,
) -> RestoreReport:
    """Bring platforms back to a snapshot; with `plan`, onto a server that has nothing yet."""
    known_ids(workspace, ids)
    target = known_target(workspace, target)
    if plan is not None:
        _bring_up(workspace, plan)
    with workspace.lock("restore") as lock:
        notes = tuple(ended_words(lock))
        finish_clean_up(workspace)
        answer = ask(workspace, "restore", {
            "only": list(ids), "run": run, "target": target, "save": save and plan is None,
            "new_server": plan is not None})
        report = replace(restore_report(workspace, answer), notes=notes)
        report = proven(workspace, report, tuple(answer["platforms"]))
        lock.result = "done" if report.ok else "failed"
    return report


def _bring_up(workspace: Workspace, plan: Plan) -> None:
    """An empty stack, for what was saved to go into."""
    made = deploy(workspace, plan, prove=False, owned=True, start=False)
    if made.applied is not None and not made.applied.ok:
        failed = [p for p in made.applied.platforms if p.state != "done"]
        raise NatmError(
            _("{id} could not be brought up: {why}").format(
                id=failed[0].id, why=failed[0].message),
            code="restore.no-stack", hint=_("mend that with `natm deploy`, then restore"))


def proven(
    workspace: Workspace, report: RestoreReport, back: tuple[str, ...]
) -> RestoreReport:
    """Prove what came back. What was restored is told also where no proof can be made."""
    up = tuple(id_ for id_ in back if id_ != "verifier")
    if not up:
        return report
    try:
        return replace(report, verified=verify_held(workspace, only=up, browser=False))
    except NatmError as error:
        return replace(report, unproven=error.message)


def restore_report(workspace: Workspace, answer: dict[str, Any]) -> RestoreReport:
    """What the server's program says of a restore."""
    back = tuple(
        Restored(id_, one["version"], one["files"], one["seconds"],
                 tuple(spoken(words) for words in one["differs"]))
        for id_, one in answer["platforms"].items())
    return RestoreReport(
        workspace.deployment.name, answer["run"], answer["at"], answer["target"],
        answer["seconds"], back, {id_: spoken(says) for id_, says in answer["failed"].items()},
        answer["before"], None)
