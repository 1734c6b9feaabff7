# SPDX-License-Identifier: AGPL-3.0-or-later
"""drill: a trial restore into a copy that nobody reaches, proven and taken away again."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from ..apply.run import apply
from ..diff import diff
from ..errors import NatmError
from ..i18n import _
from ..isolation import FOLDER, isolated
from ..load import Catalog
from ..model.backups import DrillReport
from ..model.deployment import Deployment
from ..model.secret import Secrets
from ..preflight import refuse_copy
from ..server import Lock, Server, who_am_i
from .backup import known_target
from .plan import look
from .recovery import ask
from .remove import remove
from .restore import proven, restore_report
from .tools import now
from .workspace import Workspace


class Copy(Workspace):
    """The same workspace, as if it described a second stack on the same server."""

    def __init__(self, own: Workspace) -> None:
        super().__init__(own.folder, own.tools)
        self.own = own

    @cached_property
    def catalog(self) -> Catalog:
        """The very same."""
        return self.own.catalog

    @cached_property
    def secrets(self) -> Secrets:
        """The very same: what was saved was made with them."""
        return self.own.secrets

    @cached_property
    def deployment(self) -> Deployment:
        """The stack beside itself."""
        return isolated(self.catalog, self.own.loaded)

    @cached_property
    def server(self) -> Server:
        """The one connection."""
        return self.own.server

    @property
    def bundle_folder(self) -> Path:
        """Apart from the stack's own."""
        return self.own.bundle_folder / FOLDER


def drill(workspace: Workspace, *, run: str | None, target: str | None) -> DrillReport:
    """Restore a snapshot beside what runs, prove it, and write down that it could be done."""
    target = known_target(workspace, target)
    started = time.monotonic()
    with workspace.lock("drill") as lock:
        copy = Copy(workspace)
        _refuse_left(_sweep(copy))
        left: list[NatmError] = []
        try:
            _prepare(copy, lock)
            answer = ask(copy, "restore", {"run": run, "target": target, "save": False})
            restored = proven(copy, restore_report(copy, answer), tuple(answer["platforms"]))
        finally:
            left += _sweep(copy)
        notes = tuple(_("the copy is not wholly gone; the next drill removes it: {why}").format(
            why=error.message) for error in left)
        report = DrillReport(workspace.deployment.name, replace(restored, notes=notes),
                             time.monotonic() - started)
        if report.ok:
            _record(workspace, report)
        lock.result = "done" if report.ok else "failed"
    return report


def sweep(workspace: Workspace) -> None:
    """Take away what a drill that broke off left, before the stack itself goes."""
    root = f"{workspace.deployment.root}/{FOLDER}"
    if workspace.server.run(("test", "-e", root)).code == 0:
        _refuse_left(_sweep(Copy(workspace)))


def _prepare(copy: Copy, lock: Lock) -> None:
    """Put the copy's folders, files and networks there; nothing starts before its data are in."""
    found = look(copy)
    plan = diff(copy.deployment, copy.bundle, found)
    refuse_copy(copy.deployment, plan, found)
    copy.write_bundle()
    report = apply(
        copy.bundle_folder, "site.yml", hosts=["server", *plan.to_apply], server=copy.server,
        key_file=copy.key_file, listen=copy.tools.listen, keep_open=(lock.fileno,),
        variables={"platform_start": False, "natm_run": {"at": now(), "by": who_am_i()}})
    if not report.ok:
        failed = [p for p in report.platforms if p.state != "done"]
        raise NatmError(
            _("the copy could not be prepared: {id}: {why}").format(
                id=failed[0].id, why=failed[0].message),
            code="drill.no-copy", hint=_("mend that and run the command again"))


def _sweep(copy: Copy) -> list[NatmError]:
    """Take the copy away, whatever of it is there; also one that an earlier drill left.

    A busy engine may refuse the first time. What was proven stays proven if it does the second.
    """
    errors: list[NatmError] = []
    for _attempt in range(2):
        if copy.server.run(("test", "-e", copy.deployment.root)).code != 0:
            return []
        try:
            remove(copy, purge=True)
        except NatmError as error:
            errors.append(error)
        else:
            return []
    return errors[-1:]


def _refuse_left(left: list[NatmError]) -> None:
    """Where the copy of an earlier drill cannot be taken away, no other is begun."""
    for error in left:
        raise error


def _record(workspace: Workspace, report: DrillReport) -> None:
    """What `health` tells, and what keeps this snapshot from ever being dropped as too old."""
    what = [p.id for p in report.restored.platforms]
    ask(workspace, "proven", {
        "run": report.restored.run, "seconds": report.seconds, "what": what})

