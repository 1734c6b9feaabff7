# SPDX-License-Identifier: AGPL-3.0-or-later
"""upgrade and rollback: one platform after the other, each wholly one version or the other.

The transaction itself runs on the server (roles/backup/files/natm_backup/upgrading.py) and goes
back by itself when nothing is heard from here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..apply.events import Event
from ..apply.run import apply
from ..diff import Look
from ..errors import NatmError
from ..i18n import _, spoken
from ..model.deployment import Instance
from ..model.results import Plan, PlatformOutcome, VerifyReport
from ..model.upgrades import Upgraded, UpgradeReport
from ..server import Lock, who_am_i
from .deploy import write_down
from .gate import gate, require_admission
from .gatelog import note_admissions
from .outdated import changed_packages
from .plan import known_ids, require_same
from .plan import plan as make_plan
from .recovery import ask, stop_after_recovery
from .tools import now
from .verify import finish_clean_up, verify_held
from .workspace import Workspace


def upgrade_plan(workspace: Workspace, ids: tuple[str, ...]) -> tuple[Plan, Look]:
    """The plan, narrowed to what an upgrade is to touch; `NatmError` where a step is missing."""
    known_ids(workspace, ids)
    made, found = make_plan(workspace)
    chosen = {p.id for p in made.platforms if p.action == "upgrade" and (not ids or p.id in ids)}
    # What proofs are made with, and the way in, come first where they change.
    chosen |= {p.id for p in made.platforms if p.action == "change"
               and workspace.deployment.instance(p.id).platform.live} if chosen else set()
    for id_ in chosen:
        refuse_too_old(workspace.deployment.instance(id_), found["receipts"].get(id_, {}))
    kept = tuple(p if p.id in chosen else replace(p, action="none") for p in made.platforms)
    return replace(made, platforms=kept), found


def refuse_too_old(instance: Instance, receipt: dict[str, Any]) -> None:
    """`NatmError` where data of the version there cannot be taken over in one step."""
    takes, there = instance.platform.upgrade.takes, receipt.get("version")
    if takes and there not in (None, instance.version, *takes):
        raise NatmError(
            _("{id} {there} cannot become {version} in one step").format(
                id=instance.id, there=there, version=instance.version),
            code="upgrade.step-missing",
            hint=_("its way leads through {versions}: take a natm that has one of them "
                   "first").format(versions=", ".join(takes)))


def upgrade(workspace: Workspace, plan: Plan, ids: tuple[str, ...], *,
            browser: bool = False) -> UpgradeReport:
    """Carry out a plan that was shown: build beside what runs, then switch one by one."""
    started = time.monotonic()
    with workspace.lock("upgrade") as lock:
        stop_after_recovery(lock)
        again, found = upgrade_plan(workspace, ids)
        require_same(again, plan)
        judged = gate(workspace, plan, found)
        require_admission(judged)
        write_down(workspace)
        finish_clean_up(workspace)
        ready = _put_ready(workspace, plan, lock)
        done = [_one(workspace, id_, found, ready.get(id_) if lock.alive else None, browser)
                for id_ in _in_order(workspace, plan)]
        report = UpgradeReport(workspace.deployment.name, tuple(done),
                               time.monotonic() - started)
        lock.result = "done" if report.ok else "failed"
        if report.ok and judged.policy:
            note_admissions(workspace.folder, workspace.deployment, judged)
    return report


def _in_order(workspace: Workspace, plan: Plan) -> list[str]:
    """The house's own first, then the others as the stack has them."""
    wanted = {*plan.to_upgrade, *plan.to_apply}
    there = [i for i in workspace.deployment.instances if i.id in wanted]
    return [i.id for i in sorted(there, key=lambda i: not i.platform.live)]


def _put_ready(workspace: Workspace, plan: Plan, lock: Lock) -> dict[str, PlatformOutcome]:
    """Build and place everything beside what runs, side by side; how each came out."""
    common: dict[str, Any] = {
        "server": workspace.server, "key_file": workspace.key_file,
        "listen": workspace.tools.listen, "keep_open": (lock.fileno,)}
    run = {"natm_run": {"at": now(), "by": who_am_i()}}
    if plan.host.changes:
        apply(workspace.bundle_folder, "site.yml", hosts=["server"], variables=run, **common)
    hosts = [*plan.to_upgrade, *plan.to_apply]
    report = apply(workspace.bundle_folder, "stage.yml", hosts=hosts, variables=run, **common)
    return {one.id: one for one in report.platforms}


def _one(
    workspace: Workspace, id_: str, found: Look, ready: PlatformOutcome | None, browser: bool
) -> Upgraded:
    """One platform's transaction; what goes wrong with it stops no other."""
    instance = workspace.deployment.instance(id_)
    before = str(found["receipts"].get(id_, {}).get("version", "?"))
    made = Upgraded(id_, before, instance.version, "failed")
    if ready is None or ready.state != "done":
        return replace(made, says=ready.message if ready else _(
            "it was not begun: it was not put ready, or the connection was lost"))
    made = _transaction(workspace, made, "upgrade", lambda: verify_held(
        workspace, only=(id_,), browser=browser))
    if made.came != "done":
        return made
    return replace(made, packages=changed_packages(
        workspace, found["receipts"].get(id_, {}).get("images", {}),
        {image.name: image.tag for image in instance.images}))


def _transaction(
    workspace: Workspace, made: Upgraded, way: str, prove: Callable[[], VerifyReport]
) -> Upgraded:
    """On trial, proven, and then for good or back."""
    _tell(workspace, made.id, _("is switched, and members wait"))
    try:
        answer = ask(workspace, way, {"id": made.id})
    except NatmError as error:
        # Whatever broke off there is taken back there.
        broke = error.code == "backup.no-answer"
        return replace(made, came="back" if broke else "failed", says=error.message)
    made = replace(made, snapshot=answer["run"], took=answer["took"])
    if answer["outcome"] == "back":
        return replace(made, came="back", says=spoken(answer["says"]))
    why, made = _proven(workspace, made, prove)
    try:
        ended = ask(workspace, "back" if why else "commit", {
            "id": made.id, "token": answer["token"], "why": why})
    except NatmError as error:
        return replace(made, came="back", says=error.message)
    return replace(made, came="back" if why else "done", says=why, closed=0.0 if (
        answer["live"]) else ended["closed"])


def _proven(
    workspace: Workspace, made: Upgraded, prove: Callable[[], VerifyReport]
) -> tuple[str, Upgraded]:
    """Why it must go back, in words, or nothing; and what the proofs showed."""
    _tell(workspace, made.id, _("is proven"))
    began = time.monotonic()
    try:
        report = prove()
    except NatmError as error:
        return error.message, made
    made = replace(made, proofs=report.proofs, took={
        **(made.took or {}), "prove": round(time.monotonic() - began, 3)})
    return _why_not(workspace, made), made


def _why_not(workspace: Workspace, made: Upgraded) -> str:
    """What speaks against it; that nothing could be tried does so too."""
    failed = [p for p in made.proofs if p.outcome == "failed"]
    if failed:
        return "; ".join(f"{p.says}: {p.detail[:200]}" for p in failed[:3])
    has_proofs = (Path(workspace.deployment.instance(made.id).folder) / "proofs.py").is_file()
    passed = any(p.counts and p.outcome == "passed" for p in made.proofs)
    return _("none of its proofs could be made") if has_proofs and not passed else ""


def _tell(workspace: Workspace, id_: str, words: str) -> None:
    workspace.tools.listen(Event(time.time(), "start", id_, words))


def rollback(workspace: Workspace, id_: str) -> UpgradeReport:
    """Back to the version before and to what was written in it; what is there now is saved."""
    known_ids(workspace, (id_,))
    started = time.monotonic()
    with workspace.lock("rollback") as lock:
        stop_after_recovery(lock)
        finish_clean_up(workspace)
        there = ask(workspace, "earlier", {"id": id_})
        made = Upgraded(id_, there["now"], there["version"], "failed")
        done = _transaction(workspace, made, "rollback", lambda: verify_held(
            workspace, only=(id_,), browser=False))
        report = UpgradeReport(workspace.deployment.name, (done,), time.monotonic() - started)
        lock.result = "done" if report.ok else "failed"
    return report


def rollback_words(workspace: Workspace, id_: str) -> str:
    """What going back would mean, before anybody says yes to it; `NatmError` where none can."""
    known_ids(workspace, (id_,))
    found = ask(workspace, "earlier", {"id": id_})
    return _("{id} goes back to version {version}, and to what was written up to {at}. What was "
             "written since is saved first, and is no longer seen.").format(
        id=id_, version=found["version"], at=found["at"])
