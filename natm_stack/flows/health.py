# SPDX-License-Identifier: AGPL-3.0-or-later
"""health: all quick probes side by side, over one connection, in about a second."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from ..backupfile import target_names
from ..i18n import _, spoken
from ..model.deployment import Deployment, Instance, Route
from ..model.results import HealthReport, Probe
from .support import support_probes
from .tools import now, today
from .workspace import Workspace


def health(workspace: Workspace) -> HealthReport:
    """Probe everything once, without waiting for anything to get better."""
    started = time.monotonic()
    probes = _ask(workspace, asked(workspace)) + support_probes(workspace.deployment, today())
    probes = tuple(with_what_suffers(workspace.deployment, probe) for probe in probes)
    return HealthReport(
        workspace.deployment.name, now(), probes, time.monotonic() - started)


def with_what_suffers(deployment: Deployment, probe: Probe) -> Probe:
    """Where the account platform is unwell, say what that means for the others."""
    asking = [i.id for i in deployment.instances
              if i.method not in (None, "native") and probe.platform == deployment.accounts]
    if probe.state != "failed" or not asking:
        return probe
    return replace(probe, says=_(
        "{says}; until it is well, nobody new can sign in to {ids}; who is signed in may go on for "
        "an hour").format(says=probe.says, ids=", ".join(asking)))


def container_probes(workspace: Workspace, instances: list[Instance]) -> list[Probe]:
    """Only whether the intended images run."""
    only = {**asked(workspace), "containers": _containers(tuple(instances)), "routes": [],
            "ports": [], "backup": None}
    return [p for p in _ask(workspace, only) if p.name.startswith("container ")]


def asked(workspace: Workspace) -> dict[str, Any]:
    """What the small program on the server is asked: every probe there is."""
    deployment = workspace.deployment
    return {
        "root": deployment.root, "ca_file": f"{deployment.root}/public/ca.crt",
        "address": "127.0.0.1", "port": deployment.https_port,
        "containers": _containers(deployment.instances), "routes": _routes(deployment),
        "ports": _ports(deployment),
        "backup": {"root": deployment.root, "targets": target_names(deployment),
                   "daily": deployment.backup.daily != "off"}}


def _ask(workspace: Workspace, questions: dict[str, Any]) -> tuple[Probe, ...]:
    answered = workspace.server.script("probe", questions)
    return tuple(Probe(**{**probe, "says": spoken(probe["says"])}) for probe in answered["probes"])


def _ports(deployment: Deployment) -> list[dict[str, Any]]:
    """TCP ports past the edge; whether a UDP port is served only a proof can tell."""
    return [
        {"platform": i.id, "project": i.project, "service": s.name, "address": "127.0.0.1",
         "port": port.published()[0], "container": int(port.container.partition("-")[0])}
        for i in deployment.instances for s in i.services for port in s.ports
        if port.protocol == "tcp"]


def _containers(instances: tuple[Instance, ...]) -> list[dict[str, Any]]:
    return [
        {"platform": i.id, "project": i.project, "service": s.name, "image": s.image.tag,
         "one_shot": s.one_shot, "of": s.image.name, "waits": not i.platform.live}
        for i in instances for s in i.services if s.profile is None]


def _routes(deployment: Deployment) -> list[dict[str, Any]]:
    return [{"platform": r.platform_id, "host": r.host, **_expected(r)} for r in deployment.routes]


def _expected(route: Route) -> dict[str, Any]:
    """What a stranger's request is answered; where the gate is before it, that it refuses."""
    if route.gate and route.gate.lets_in != "everyone":
        return {"path": route.probe.path, "status": 401, "contains": None}
    return {"path": route.probe.path, "status": route.probe.status,
            "contains": route.probe.contains}
