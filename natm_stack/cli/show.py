# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every result's two faces: JSON for programs, text for people."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict
from functools import singledispatch
from typing import Any

from ..i18n import _, ngettext
from ..model.results import (
    REMOVED,
    ApplyReport,
    DeployReport,
    HealthReport,
    Plan,
    PlatformOutcome,
    PlatformPlan,
    Told,
    VerifyReport,
)
from ..plaintext import one_line, visible

MARKS = {"create": "+", "change": "~", "repair": "!", "remove": "-", "upgrade": "↑", "none": " "}
SIGNS = {"passed": "✓", "failed": "✗", "not-run": "○", "ok": "✓", "warning": "!", "done": "✓",
         "unreached": "○"}


def as_json(result: Any, kind: str) -> str:
    """The result as one JSON object."""
    # The lines of a `Told` are for people's eyes; the vault key may stand in them.
    plain = result.values if isinstance(result, Told) else asdict(result)
    value: dict[str, Any] = {"ok": result.ok, "kind": kind, "result": plain}
    problem = _problem(result)
    if problem:
        value["error"] = problem
    return json.dumps(value, ensure_ascii=False, default=str)


def _problem(result: Any) -> dict[str, Any] | None:
    applied = getattr(result, "applied", None)
    if applied is None or applied.ok:
        return None
    failed = [p for p in applied.platforms if p.state != "done"]
    return {"code": "deploy.platform-failed", "where": failed[0].step,
            "message": ", ".join(p.id for p in failed), "hint": None}


@singledispatch
def as_text(result: Any) -> str:
    """The result in words."""
    raise TypeError(type(result).__name__)


@as_text.register
def told_text(result: Told) -> str:
    """Lines as they are."""
    return "\n".join(result.lines)


@as_text.register
def plan_text(plan: Plan) -> str:
    """What a deploy would do."""
    if not plan.changes:
        waits = [line for one in plan.platforms for line in _platform_lines(one)]
        return "\n".join((_("Nothing to change: {stack} on {server} is as stack.yml says.").format(
            stack=plan.stack, server=plan.server), *waits))
    lines = [_("Plan for {stack} on {server}").format(stack=plan.stack, server=plan.server), ""]
    lines += [f"  + {change}" for change in plan.host.changes]
    for one in plan.platforms:
        lines += _platform_lines(one)
    lines += ["", *_room_lines(plan), *(f"  {note}" for note in plan.notes)]
    return "\n".join(lines)


def _platform_lines(one: PlatformPlan) -> list[str]:
    if one.action == "none":
        return []
    verb = {"create": _("is created"), "change": _("changes"), "repair": _("is put right"),
            "remove": _("is taken away"), "upgrade": _("waits for `natm upgrade`")}[one.action]
    lines = [f"  {MARKS[one.action]} {one.id} {verb}: {'; '.join(one.reasons)}"]
    if one.action == "upgrade":
        return lines
    lines += [_("      builds {tag}").format(tag=tag) for tag in one.build]
    if one.action == "change":
        lines += [f"      ~ {path}" for path in one.files] + [f"      - {p}" for p in one.stale]
        if one.restarts:
            lines.append(_("      restarts {names}").format(names=", ".join(one.restarts)))
    return lines


def _room_lines(plan: Plan) -> list[str]:
    host = plan.host
    return [
        _("  memory: {need} MB wanted, {have} MB to spare now").format(
            need=host.memory_mb, have=host.memory_available_mb),
        _("  disk: {need} MB wanted, {have} MB free now").format(
            need=host.disk_mb, have=host.disk_available_mb),
        _("  ports: {ports}").format(ports=", ".join(host.ports)),
    ]


@as_text.register
def deploy_text(report: DeployReport) -> str:
    """How a deployment came out."""
    if report.applied is None:
        return as_text(report.plan)
    parts = [*report.notes, as_text(report.applied)]
    if report.verified is not None:
        parts += ["", as_text(report.verified)]
    return "\n".join(parts)


@as_text.register
def applied_text(report: ApplyReport) -> str:
    """Platform by platform, what became of it."""
    rows = [(SIGNS.get(p.state, "✗"), p.id, _became(p), _("{n:.0f} s").format(n=p.seconds))
            for p in report.platforms]
    text = table(("", _("platform"), _("outcome"), _("took")), rows)
    for one in report.platforms:
        if one.log:
            text += "\n\n" + _("{id} failed at: {step}").format(id=one.id, step=one.step)
            text += "\n" + "\n".join(f"  | {line}" for line in one.log)
    return text


def _became(one: PlatformOutcome) -> str:
    if one.state != "done":
        return one.message or _("was not reached")
    return _("taken away") if one.step == REMOVED else _("up")


@as_text.register
def verify_text(report: VerifyReport) -> str:
    """Every proof, and what it showed."""
    rows = [(SIGNS[p.outcome], p.platform, p.says, _("{n:.1f} s").format(n=p.seconds))
            for p in report.proofs if not p.proof.startswith("image-") or p.outcome != "passed"]
    text = table(("", _("platform"), _("proof"), _("took")), rows)
    for proof in report.proofs:
        if proof.outcome == "failed":
            text += f"\n\n✗ {proof.platform}: {proof.says}\n"
            text += "\n".join(f"  | {line}" for line in proof.detail.splitlines())
    return text + "\n" + _counted(report)


def _counted(report: VerifyReport) -> str:
    count = {o: sum(p.outcome == o for p in report.proofs) for o in ("passed", "failed", "not-run")}
    return _("{passed} passed, {failed} failed, {not_run} not run, in {n:.0f} s, {at}").format(
        passed=count["passed"], failed=count["failed"], not_run=count["not-run"],
        n=report.seconds, at=report.at)


@as_text.register
def health_text(report: HealthReport) -> str:
    """Every probe; what is unwell stands out."""
    rows = [(SIGNS.get(p.state, "✗"), p.platform, p.name, p.says) for p in report.probes]
    bad = sum(p.state == "failed" for p in report.probes)
    last = ngettext("{n} thing is unhealthy", "{n} things are unhealthy", bad).format(n=bad)
    return table(("", _("platform"), _("what"), _("state")), rows) + "\n" + (
        last if bad else _("all is well")) + _(", {n:.1f} s").format(n=report.seconds)


def columns(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """The same for long lists, at once: no line is broken."""
    all_rows = [head, *(tuple(one_line(cell) for cell in row) for row in rows)]
    wide = [max(map(_width, column)) for column in zip(*all_rows, strict=True)]
    return "\n".join("  ".join(
        cell + " " * (n - _width(cell)) for cell, n in zip(row, wide, strict=True)).rstrip()
        for row in all_rows)


def _width(text: str) -> int:
    """How many places a terminal gives it: some scripts take two, marks take none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
               for c in text)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table as plain text, as wide as its content."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in head:
        drawn.add_column(title)
    for row in rows:
        drawn.add_row(*(Text(visible(cell)) for cell in row))
    stream = io.StringIO()
    Console(file=stream, width=200, color_system=None).print(drawn)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())
