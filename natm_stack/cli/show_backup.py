# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reports about backups in words."""

from __future__ import annotations

from ..i18n import _, ngettext
from ..model.backups import (
    BackupReport,
    BackupsReport,
    Checked,
    DrillReport,
    RestoreReport,
    Saved,
    Snapshot,
    Target,
)
from .show import as_text, table

KINDS = {"whole": _("all"), "part": _("a part"), "before-restore": _("before a restore"),
         "before-upgrade": _("before an upgrade"), "before-rollback": _("before going back"),
         "before-purge": _("before a purge")}


@as_text.register
def backup_text(report: BackupReport) -> str:
    """What was saved, and where it lies."""
    rows = [("✓", one.id, one.version, str(one.files), size(one.bytes),
             "" if one.members is None else str(one.members), _moment(one))
            for one in report.platforms]
    text = table(("", _("platform"), _("version"), _("files"), _("size"), _("members"),
                  _("moment")), rows)
    text += "".join(f"\n✗ {id_}: {why}" for id_, why in report.failed.items())
    text += "\n\n" + "\n".join(_target(one) for one in report.targets)
    text += "\n" + _("{run}: {size} in all, {added} new, in {n:.0f} s").format(
        run=report.run, size=size(report.bytes), added=size(report.added), n=report.seconds)
    if not any(target.away and target.good for target in report.targets):
        text += "\n" + _("! this backup is on the server alone: name a copy somewhere else in "
                         "stack.yml (docs/backups.md)")
    return text + "\n" + _("print {sheet} and keep it with the vault key").format(
        sheet=report.sheet)


def _moment(one: Saved) -> str:
    if not one.one_moment:
        return _("its services ran on meanwhile")
    return _("held still for {n:.1f} s").format(n=one.still_seconds)


def _target(one: Target) -> str:
    if not one.good:
        return f"✗ {one.name}: {one.says}"
    return _("✓ {name}: {n} snapshot(s), {mb} MB").format(
        name=one.name, n=one.snapshots, mb=one.mb)


def size(count: int) -> str:
    """So many bytes, as people say it."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


@as_text.register
def backups_text(report: BackupsReport) -> str:
    """The list, newest last."""
    if not report.snapshots:
        return _("there is no snapshot at {name} yet; `natm backup` makes one").format(
            name=report.target)
    rows = [(one.run, one.at, KINDS.get(one.kind, one.kind), _holds(one),
             _("proven") if one.proven else "") for one in report.snapshots]
    text = table((_("snapshot"), _("taken"), _("of"), _("platforms"), ""), rows)
    last = ngettext("{n} snapshot at {name}", "{n} snapshots at {name}", len(rows)).format(
        n=len(rows), name=report.target)
    proven = _("no restore was proven yet") if report.proof is None else _(
        "last proven restore: {at}, in {n:.0f} s").format(
            at=report.proof.at, n=report.proof.seconds)
    return f"{text}\n{last}; {proven}" + _check_line(report.checked)


def _check_line(checked: Checked | None) -> str:
    """The server's own look, which is no proof of a restore."""
    if checked is None:
        return ""
    if checked.state == "ok":
        return "\n" + _("last looked through by the server: {at}, {run}, {files} files as they "
                        "were saved; part {part} of {of} of the repository read").format(
            at=checked.at, run=checked.run, files=checked.files, part=checked.part, of=checked.of)
    words = _("✗ the server looked through it {at}: {why}") if checked.state == "failed" else _(
        "○ the server did not look through it {at}: {why}")
    return "\n" + words.format(at=checked.at, why=checked.says)


def _holds(one: Snapshot) -> str:
    return ", ".join(f"{id_} {version}" for id_, version in sorted(one.platforms.items()))


@as_text.register
def restore_text(report: RestoreReport) -> str:
    """What came back, and how it was proven."""
    rows = [("✓" if not one.differs else "!", one.id, one.version, str(one.files),
             "; ".join(one.differs) or _("as it was saved"), _("{n:.0f} s").format(n=one.seconds))
            for one in report.platforms]
    text = table(("", _("platform"), _("version"), _("files"), _("state"), _("took")), rows)
    text += "".join(f"\n✗ {id_}: {why}" for id_, why in report.failed.items())
    text += "".join(f"\n{note}" for note in report.notes)
    text += "\n\n" + _("back to {run}, taken {at}, in {n:.0f} s").format(
        run=report.run, at=report.at, n=report.seconds)
    if report.before:
        text += "\n" + _("what was there before is kept: `natm restore --snapshot {run}`").format(
            run=report.before)
    if report.unproven:
        return text + "\n" + _("✗ nothing could be proven: {why}").format(why=report.unproven)
    return text + (f"\n\n{as_text(report.verified)}" if report.verified else "")


@as_text.register
def drill_text(report: DrillReport) -> str:
    """What the trial showed."""
    text = as_text(report.restored) + "\n\n"
    if not report.ok:
        return text + _("this snapshot could not be proven; what runs was not touched")
    return text + _("proven: {run} can be restored; the drill took {n:.0f} s, and its copy is gone"
                    ).format(run=report.restored.run, n=report.seconds)
