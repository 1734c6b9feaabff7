# SPDX-License-Identifier: AGPL-3.0-or-later
"""deploy: bring the server in line with the stack, by exactly the plan that was shown."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from ..apply.run import apply
from ..diff import Look
from ..errors import NatmError
from ..i18n import _
from ..model.results import REMOVED, ApplyReport, DeployReport, Plan, PlatformOutcome, VerifyReport
from ..model.verdict import GateReport
from ..server import Lock, who_am_i
from .decide import own_up
from .gate import gate, require_admission
from .gatelog import note_admissions
from .plan import plan as make_plan
from .plan import require_same
from .records import keep_workspace
from .recovery import stop_after_recovery
from .removal import remove_platforms
from .sheet import write_sheet
from .tools import now
from .trial import try_issuer
from .verify import finish_clean_up, verify_held
from .workspace import Workspace


def deploy(
    workspace: Workspace, plan: Plan, *, only: tuple[str, ...] = (), full: bool = False,
    prove: bool = True, browser: bool = False, trial: bool = False, owned: bool = False,
    start: bool = True,
) -> DeployReport:
    """Apply a plan that was shown, then prove what it touched; notes tell of earlier trouble.

    `owned` says that people answered the gate's question, and took its flags on. Without `start`
    everything is put in place and nothing runs yet: a restore goes on from there.
    """
    if not plan.changes:
        return DeployReport(plan, None, None)
    notes: list[str] = []
    with workspace.lock("deploy") as lock:
        if lock.unfinished:
            notes.append(unfinished_words(lock.unfinished))
        stop_after_recovery(lock)
        again, found = make_plan(workspace, only=only, full=full)
        require_same(again, plan)
        judged = _admitted(workspace, plan, found, trial=trial, owned=owned)
        write_down(workspace)
        tried = try_issuer(workspace, plan, found, lock)
        notes += [tried] if tried else []
        applied = _apply(workspace, plan, lock, start)
        applied = _with_removals(applied, _remove(workspace, plan, found["receipts"], lock))
        verified = _prove(workspace, plan, applied, found, browser) if prove else None
        report = DeployReport(plan, applied, verified, tuple(notes))
        lock.result = "done" if report.ok else "failed"
        if applied.ok:
            _note(workspace, judged)
    return report


def write_down(workspace: Workspace) -> None:
    """What is about to be applied, here and for the next steward, and the recovery sheet."""
    workspace.write_bundle()
    keep_workspace(workspace)
    write_sheet(workspace)


def _admitted(
    workspace: Workspace, plan: Plan, found: Look, *, trial: bool, owned: bool
) -> GateReport:
    """What the gate says, once more under the lock; flags that were taken on are written down."""
    judged = gate(workspace, plan, found, trial=trial)
    require_admission(judged)
    if judged.to_own and not owned:
        raise NatmError(_("your policy flags what this would do, and nobody has taken it on"),
                        code="vet.flagged", where=judged.policy,
                        hint=_("`natm deploy` asks; `natm decide ID` writes it down"))
    own_up(workspace, judged)
    return judged


def _note(workspace: Workspace, judged: GateReport) -> None:
    """Add to the log. What only this machine can reach is noted in any case, so that opening it
    later is seen; but without a policy the log stands in nobody's way."""
    if judged.policy or workspace.deployment.loopback_only:
        with contextlib.suppress(*(() if judged.policy else (NatmError,))):
            note_admissions(workspace.folder, workspace.deployment, judged)


def unfinished_words(owner: dict[str, str]) -> str:
    """What to tell people of a run that broke off."""
    return _("{command} by {who}, begun {since}, broke off; this run goes on from there").format(
        command=owner.get("command", "?"), who=owner.get("by", "?"), since=owner.get("since", "?"))


def _apply(workspace: Workspace, plan: Plan, lock: Lock, start: bool) -> ApplyReport:
    hosts = [*(["server"] if plan.host.changes else []), *plan.to_apply]
    if not hosts:
        return ApplyReport((), 0.0)
    variables: dict[str, Any] = {
        "natm_stale": {p.id: list(p.stale) for p in plan.platforms if p.stale},
        "natm_run": {"at": now(), "by": who_am_i()},
        **({} if start else {"platform_start": False}),
    }
    return apply(
        workspace.bundle_folder, "site.yml", hosts=hosts, server=workspace.server,
        key_file=workspace.key_file, variables=variables, listen=workspace.tools.listen,
        keep_open=(lock.fileno,))


def _remove(
    workspace: Workspace, plan: Plan, receipts: dict[str, Any], lock: Lock
) -> ApplyReport | None:
    """Take away what the stack no longer has. The edge has let go of its networks by now."""
    if not plan.to_remove:
        return None
    return remove_platforms(workspace, {id_: receipts[id_] for id_ in plan.to_remove}, lock)


def _with_removals(applied: ApplyReport, removed: ApplyReport | None) -> ApplyReport:
    """What came up and what went away, in one report: a removal that fails is a failure too."""
    if removed is None:
        return applied
    gone = tuple(replace(o, step=REMOVED) if o.state == "done" else o for o in removed.platforms)
    return ApplyReport(applied.platforms + gone, applied.seconds + removed.seconds,
                       applied.tasks + removed.tasks)


def _prove(
    workspace: Workspace, plan: Plan, applied: ApplyReport, found: Look, browser: bool
) -> VerifyReport | None:
    """Prove all that is up; what failed to start, or was never deployed, has nothing to pass."""
    done = {o.id for o in applied.platforms if o.state == "done"}
    there = {id_ for id_, r in found["receipts"].items() if r.get("fingerprint")} | done
    # What waits for its upgrade is proven then: the proofs there are now are of the newer version.
    there -= {*_failed(applied.platforms), *plan.to_remove, *plan.to_upgrade}
    up = tuple(i.id for i in workspace.deployment.instances if i.id in there)
    finish_clean_up(workspace)
    if "edge" not in up or "verifier" not in up:
        return None
    return verify_held(workspace, only=up, browser=browser)


def _failed(outcomes: tuple[PlatformOutcome, ...]) -> set[str]:
    return {o.id for o in outcomes if o.state != "done"}

