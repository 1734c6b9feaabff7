# SPDX-License-Identifier: AGPL-3.0-or-later
"""health: all quick probes side by side, over one connection, in about a second."""

from __future__ import annotations

import time
from typing import Any

from ..model.deployment import Deployment, Instance
from ..model.results import HealthReport, Probe
from .support import support_probes
from .tools import now, today
from .workspace import Workspace


def health(workspace: Workspace) -> HealthReport:
    """Probe everything once, without waiting for anything to get better."""
    started = time.monotonic()
    deployment = workspace.deployment
    probes = _ask(workspace, _containers(deployment.instances), _routes(deployment),
                  _ports(deployment))
    probes += support_probes(deployment, today())
    return HealthReport(deployment.name, now(), probes, time.monotonic() - started)


def container_probes(workspace: Workspace, instances: list[Instance]) -> list[Probe]:
    """Only whether the intended images run."""
    probes = _ask(workspace, _containers(tuple(instances)), [], [])
    return [p for p in probes if p.name.startswith("container ")]


def _ask(
    workspace: Workspace, containers: list[dict[str, Any]], routes: list[dict[str, Any]],
    ports: list[dict[str, Any]],
) -> tuple[Probe, ...]:
    deployment = workspace.deployment
    answered = workspace.server.script("probe", {
        "root": deployment.root, "ca_file": f"{deployment.root}/public/ca.crt",
        "address": "127.0.0.1", "port": deployment.https_port,
        "containers": containers, "routes": routes, "ports": ports})
    return tuple(Probe(**probe) for probe in answered["probes"])


def _ports(deployment: Deployment) -> list[dict[str, Any]]:
    """TCP ports past the edge; whether a UDP port is served only a proof can tell."""
    return [
        {"platform": i.id, "address": "127.0.0.1", "port": port.published()[0]}
        for i in deployment.instances for s in i.services for port in s.ports
        if port.protocol == "tcp"]


def _containers(instances: tuple[Instance, ...]) -> list[dict[str, Any]]:
    return [
        {"platform": i.id, "project": i.project, "service": s.name, "image": s.image.tag}
        for i in instances for s in i.running]


def _routes(deployment: Deployment) -> list[dict[str, Any]]:
    return [
        {"platform": r.platform_id, "host": r.host, "path": r.probe.path,
         "status": r.probe.status, "contains": r.probe.contains}
        for r in deployment.routes]
