# SPDX-License-Identifier: AGPL-3.0-or-later
"""decisions/log.jsonl: what the gate let through; each line holds the hash of the one before.

It belongs to the community and leaves the machine only with the workspace.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ..errors import NatmError, Place
from ..files import read_text, write
from ..i18n import _
from ..model.deployment import Deployment, Instance
from ..model.verdict import Admission, GateReport
from ..server import who_am_i
from .tools import now

LOG = Path("decisions") / "log.jsonl"
GRACE = timedelta(days=30)


def openness(deployment: Deployment, instance: Instance) -> dict[str, Any]:
    """Who can reach a platform: by address, and by the settings that open it."""
    opened = sorted(key for key, spec in instance.platform.settings.items()
                    if instance.settings.get(key) in spec.opens)
    return {"address": "loopback" if deployment.loopback_only else "network", "settings": opened}


def widened(before: dict[str, Any] | None, after: dict[str, Any]) -> bool:
    """Whether more people can reach it than when it was last let through."""
    if not before:
        return False
    return (before.get("address") == "loopback" and after["address"] == "network") or bool(
        set(after["settings"]) - set(before.get("settings", [])))


def entries(folder: Path) -> list[dict[str, Any]]:
    """All entries, oldest first; `NatmError` where one was changed or taken out."""
    found: list[dict[str, Any]] = []
    before = ""
    for number, line in enumerate((read_text(folder / LOG) or "").splitlines(), 1):
        try:
            one = json.loads(line)
            sound = isinstance(one, dict) and one.get("before") == before
        except ValueError:
            sound = False
        if not sound:
            raise NatmError(
                _("this log was changed by hand, or a line is missing above"),
                code="vet.log-broken", where=Place(str(folder / LOG), number),
                hint=_("take the file back from git; it is only ever added to"))
        found.append(one)
        before = _hash(line)
    return found


def last_entries(folder: Path) -> dict[str, dict[str, Any]]:
    """The last entry of each platform."""
    return {one["platform"]: one for one in entries(folder)}


def note_admissions(folder: Path, deployment: Deployment, report: GateReport) -> None:
    """Add what was let through, and what was found to run outside the policy."""
    known = last_entries(folder)
    instances = {i.id: i for i in deployment.instances}
    lines = (read_text(folder / LOG) or "").splitlines()
    count = len(lines)
    for one in report.admissions:
        id_ = one.verdict.platform
        opened, last = openness(deployment, instances[id_]), known.get(id_, {})
        if one.act == "running" and (last.get("outside"), last.get("open")) == (
                one.outside, opened):
            continue
        value = _value(one, report, opened)
        value["before"] = _hash(lines[-1]) if lines else ""
        lines.append(json.dumps(value, ensure_ascii=False, sort_keys=True))
    if len(lines) > count:
        write(folder / LOG, ("\n".join(lines) + "\n").encode())


def _value(one: Admission, report: GateReport, opened: dict[str, Any]) -> dict[str, Any]:
    verdict = one.verdict
    grace: date | None = report.today + GRACE if one.act == "security-update" else None
    return {
        "at": now(), "by": who_am_i(), "what": "trial" if report.trial else one.act,
        "platform": verdict.platform, "version": verdict.version, "verdict": verdict.state,
        "policy_sha256": verdict.policy_sha256, "dossier_sha256": verdict.dossier_sha256,
        "decision": one.decision, "open": opened, "outside": one.outside,
        "grace_until": grace.isoformat() if grace else None,
    }


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()
