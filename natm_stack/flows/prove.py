# SPDX-License-Identifier: AGPL-3.0-or-later
"""prove: climb the ladder with platforms on a throwaway server, and write down what was seen."""

from __future__ import annotations

import os
import secrets as random_source
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import NatmError
from ..files import write
from ..i18n import _
from ..load import CatalogEntry, load_catalog, suggestion
from ..model.deployment import ALWAYS, Instance
from ..model.ladder import Ladder, LadderRecord, seal_of
from ..model.results import Told, VerifyReport
from ..paths import shipped
from ..yamlfile import dump
from .backup import backup
from .deploy import deploy
from .ladder import the_ladder
from .members import add, list_members
from .plan import look
from .plan import plan as make_plan
from .proving_ground import Ground, proving_ground
from .restore import restore
from .tools import Tools, now, today
from .verify import verify
from .workspace import Workspace

MEMBER, MARK = "ada", "natm-prove"
Results = dict[str, dict[str, Any]]


def prove(
    ids: tuple[str, ...], tools: Tools, *, host: str | None, only: tuple[str, ...], ready: bool,
    keep: bool,
) -> Told:
    """Try what applies of the ladder, on one server for all, and write a record for each."""
    catalog = load_catalog(shipped("catalog"), [(f.resolve(), True) for f in tools.catalogs])
    entries = [catalog.entry(id_) for id_ in dict.fromkeys(ids)]
    if keep:
        _refuse_unwritable(entries)
    ladder = the_ladder()
    ways = _ways(ladder, only)
    picked = tuple(e.platform.id for e in entries if e.platform.id not in ALWAYS)
    with proving_ground(picked or ("portal",), tools, host, ready=ready) as ground:
        climb = Climb(ground, entries, {how for how in ways.values() if how != "none"})
        climb.all()
        subjects = {e.platform.id: climb.subject(e) for e in entries}
        around = _environment(ground, host)
    records: dict[str, Any] = {}
    for entry in entries:
        own = climb.of(entry, ways)
        record = record_of(subjects[entry.platform.id], around, own) if own else None
        if record and keep:
            write(_free_name(entry, record), text_of(record).encode())
        records[entry.platform.id] = record
    return _told(records)


def _told(records: dict[str, Any]) -> Told:
    lines, good = [], True
    for id_, record in records.items():
        lines.append(f"{id_}:" if record else _("{id}: nothing of this applies").format(id=id_))
        for rung, one in (record["result"] if record else {}).items():
            lines.append(f"  {rung}: {one['outcome']}, {one['saw']}")
            good = good and one["outcome"] == "passed"
    return Told(tuple(lines), {"records": records}, good=good)


def _refuse_unwritable(entries: list[CatalogEntry]) -> None:
    """Said before the work of half an hour, not after it."""
    for entry in entries:
        if not os.access(entry.folder, os.W_OK):
            raise NatmError(
                _("nothing can be written into the folder of {id}").format(id=entry.platform.id),
                code="prove.no-place", where=str(entry.folder),
                hint=_("run it in a copy of the repository, or with --no-record"))


def _free_name(entry: CatalogEntry, record: dict[str, Any]) -> Path:
    """A file of its own: an earlier record of the same day stays, whatever it says."""
    folder, day = entry.folder / "measurements", record["run_on"]
    clock = record["environment"]["at"][11:19].replace(":", "")
    first = folder / f"{day}-ladder.yml"
    return folder / f"{day}-{clock}-ladder.yml" if first.exists() else first


def _ways(ladder: Ladder, only: tuple[str, ...]) -> dict[str, str]:
    """How each rung that was asked for is tried."""
    for name in only:
        if name not in ladder.rungs:
            raise NatmError(_("the ladder has no rung called {name}").format(name=name),
                            code="catalog.unknown-rung", hint=suggestion(name, ladder.rungs))
    return {name: rung.how for name, rung in ladder.rungs.items() if not only or name in only}


class Climb:
    """One climb: each way is a method, and writes down what it saw of each platform."""

    def __init__(self, ground: Ground, entries: list[CatalogEntry], ways: set[str]) -> None:
        self.ground, self.entries, self.ways = ground, entries, ways
        self.ids = tuple(e.platform.id for e in entries)
        self.results: dict[str, Results] = {}
        self.receipts: dict[str, Any] = {}

    def all(self) -> None:
        """From the bottom up; what failed to come up is not tried further."""
        self._note("deploy", self._deploy)
        if not self._up():
            return
        for how, way in (("verify", self._verify), ("restore", self._restore),
                         ("one_account", self._one_account)):
            if how in self.ways:
                self._note(how, way)

    def of(self, entry: CatalogEntry, ways: dict[str, str]) -> dict[str, Any]:
        """What was seen of one platform, by the rungs that apply to it."""
        id_, out = entry.platform.id, entry.platform.not_applicable
        return {rung: self.results[how][id_] for rung, how in ways.items()
                if rung not in out and id_ in self.results.get(how, {})}

    def _note(self, how: str, way: Callable[[], Results]) -> None:
        try:
            self.results[how] = way()
        except NatmError as error:
            self.results[how] = {id_: _result(False, 0.0, str(error)) for id_ in self._up()}

    def _up(self) -> tuple[str, ...]:
        came = self.results.get("deploy")
        return self.ids if came is None else tuple(
            id_ for id_ in self.ids if came.get(id_, {}).get("outcome") == "passed")

    def _deploy(self) -> Results:
        self.ground.hand_images()
        workspace = self.ground.workspace
        made, _found = make_plan(workspace)
        report = deploy(workspace, made, prove=False, owned=True)
        self.receipts = look(workspace)["receipts"]
        how = _("its images were built beforehand on the machine that ran this") if (
            self.ground.ready) else _("its images were built on the server")
        return {p.id: _result(p.state == "done", p.seconds, how if p.state == "done" else
                              f"{p.step}: {p.message}")
                for p in (report.applied.platforms if report.applied else ()) if p.id in self.ids}

    def _verify(self) -> Results:
        return _proofs(verify(self.ground.workspace, only=self._up()), self._up())

    def _restore(self) -> Results:
        """Plant, save, destroy, bring back, look."""
        workspace = self.ground.workspace
        held = [i for i in workspace.deployment.instances if i.id in self._up() and i.volumes]
        if not held:
            return {}
        started = time.monotonic()
        add(workspace, MEMBER, "Ada", False)
        known = _known(workspace)
        planted = {i.id: _plant(workspace, i) for i in held}
        saved = backup(workspace, ())
        for instance in held:
            _destroy(workspace, instance)
        ids = tuple(i.id for i in held)
        report = restore(workspace, ids, run=saved.run, target=None, save=False)
        back = {p.id for p in report.platforms if not p.differs}
        proofs = _proofs(report.verified, ids) if report.verified else {}
        seconds = time.monotonic() - started
        after = _known(workspace)
        found = {}
        for one in held:
            wrong = [words for words, bad in (
                (_("it did not come back as it was saved"), one.id not in back),
                (_("a planted file is not as it was"), not _there(workspace, planted[one.id])),
                (_("an account is gone"), one.id in known and one.id not in after),
                (_("its proofs do not pass"),
                 one.id in proofs and proofs[one.id]["outcome"] != "passed")) if bad]
            kept = [_("{n} planted file(s)").format(n=len(planted[one.id]))] + (
                [_("an account")] if one.id in known else [])
            found[one.id] = _result(not wrong, seconds, "; ".join(wrong) or _(
                "{kept} came back after its data folders were destroyed; then {proofs}").format(
                    kept=_(" and ").join(kept),
                    proofs=proofs.get(one.id, {}).get("saw", _("no proofs"))))
        return found

    def _one_account(self) -> Results:
        """The account platform comes into the stack, and the proofs are made once more."""
        catalog = self.ground.workspace.catalog
        keepers = tuple(id_ for id_, e in catalog.entries.items() if e.platform.provides)
        there = self.ground.workspace.deployment.accounts
        if there is None:
            self.ground.add(keepers[:1])
            workspace = self.ground.workspace
            made, _found = make_plan(workspace)
            report = deploy(workspace, made, prove=False, owned=True)
            if report.applied is None or not report.applied.ok:
                raise NatmError(_("the account platform did not come up"), code="prove.no-accounts")
        workspace = self.ground.workspace
        asked = tuple(i.id for i in workspace.deployment.instances if i.id in self._up()
                      and (i.method not in (None, "native") or i.platform.provides))
        return _proofs(verify(workspace, only=asked), asked) if asked else {}

    def subject(self, entry: CatalogEntry) -> dict[str, Any]:
        """Which version, from which recipes and images."""
        id_ = entry.platform.id
        receipt = self.receipts.get(id_, {})
        return {"platform": id_, "version": entry.platform.version, "recipes": entry.recipes,
                "images": receipt.get("images", {}),
                "image_ids": {name: receipt["image_ids"][tag]
                              for name, tag in receipt.get("images", {}).items()
                              if tag in receipt.get("image_ids", {})}}


def _result(passed: bool, seconds: float, saw: str) -> dict[str, Any]:
    return {"outcome": "passed" if passed else "failed", "seconds": round(seconds, 1),
            "saw": " ".join(saw.split())[:400]}


def _proofs(report: VerifyReport, ids: tuple[str, ...]) -> Results:
    """What the proofs of each platform showed; one without any has nothing to pass."""
    found = {}
    for id_ in ids:
        own = [p for p in report.proofs if p.platform == id_ and p.counts]
        failed = [p for p in report.proofs if p.platform == id_ and p.outcome == "failed"]
        passed = sum(p.outcome == "passed" for p in own)
        left = sum(p.outcome == "not-run" for p in own)
        if not own and not failed:
            continue
        words = _("{n} proofs passed").format(n=passed)
        words += _(", {n} not run without a browser").format(n=left) if left else ""
        found[id_] = _result(passed > 0 and not failed, sum(p.seconds for p in own), "; ".join(
            f"{p.proof}: {p.detail or p.says}" for p in failed) or words)
    return found


def _known(workspace: Workspace) -> set[str]:
    """The platforms that know the planted member."""
    return {id_ for m in list_members(workspace).members if m.name == MEMBER for id_ in m.platforms}


def _plant(workspace: Workspace, instance: Instance) -> dict[str, str]:
    """A file nobody else could have written in each folder that is saved as files."""
    planted = {}
    for volume in instance.volumes:
        if volume.backup == "files":
            path, text = f"{volume.path}/{MARK}", random_source.token_hex(16)
            _must(workspace, ("tee", path), stdin=text)
            _must(workspace, ("chown", f"{volume.uid}:{volume.gid}", path))
            planted[path] = text
    return planted


def _destroy(workspace: Workspace, instance: Instance) -> None:
    _must(workspace, ("docker", "stop", *(s.container for s in instance.running)))
    for volume in instance.volumes:
        if volume.backup != "none":
            _must(workspace, ("find", volume.path, "-mindepth", "1", "-delete"))


def _there(workspace: Workspace, planted: dict[str, str]) -> bool:
    return all(workspace.server.run(("cat", path)).stdout == text
               for path, text in planted.items())


def _must(workspace: Workspace, argv: tuple[str, ...], stdin: str = "") -> None:
    done = workspace.server.run(argv, stdin=stdin)
    if done.code != 0:
        raise NatmError(_("{what} failed on the server: {why}").format(
            what=argv[0], why=done.stderr.strip()[-300:]), code="prove.server")


def _environment(ground: Ground, host: str | None) -> dict[str, str]:
    """On what it was run: the machine, the system, the engine, and natm itself."""
    server = ground.workspace.server
    def line(*argv: str) -> str:
        return next(iter(server.run(argv).stdout.strip().splitlines()), _("unknown"))[:200]

    return {
        "natm_stack": __version__, "where": _("a server that was given") if host else
        _("a throwaway server: a container with systemd on this engine"),
        "system": line("sh", "-c", '. /etc/os-release; echo "$PRETTY_NAME"'),
        "kernel": line("uname", "-r"), "arch": line("uname", "-m"),
        "processors": line("nproc"),
        "memory": line("grep", "MemTotal", "/proc/meminfo"),
        "engine": line("docker", "version", "--format", "{{.Server.Version}}"), "at": now()}


def record_of(
    subject: dict[str, Any], around: dict[str, str], result: dict[str, Any], on: date | None = None
) -> dict[str, Any]:
    """The record of one platform's climb, sealed."""
    day = on or today()
    values = {
        "measurement": "natm-measurement/1", "id": f"{subject['platform']}-ladder-{day:%Y%m%d}",
        "method": {"id": "M-LADDER", "version": "1", "says": {
            "en": "natm prove: a stack of its own on a bare server; deployed, proven, and tried "
                  "further as ladder.yml says of each rung"}},
        "subject": subject, "environment": around, "run_on": day.isoformat(), "result": result,
        "cannot_see": "other machines, other settings, many people at once, and weeks of use"}
    sealed = {**values, "sealed": seal_of(values)}
    LadderRecord.model_validate(sealed)
    return sealed


def text_of(record: dict[str, Any]) -> str:
    """The same as a file."""
    head = ("# SPDX-License-Identifier: AGPL-3.0-or-later\n"
            "# Written by `natm prove`; sealed, so that a change by hand is seen.\n")
    return head + dump(record)
