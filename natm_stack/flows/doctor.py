# SPDX-License-Identifier: AGPL-3.0-or-later
"""doctor: looks at this computer, the server and the names, and says what to mend."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable

from ..diff import Look
from ..errors import NatmError
from ..i18n import _
from ..model.results import HealthReport, Probe
from ..preflight import refuse
from .mail import send_test
from .plan import look, plan
from .tools import now
from .workspace import Workspace


def doctor(workspace: Workspace, *, mail: str | None = None) -> HealthReport:
    """One pass over everything that deploys depend on; each finding says what to do.

    With an address, a test letter goes there instead, by the community's mail server.
    """
    started = time.monotonic()
    if mail is not None:
        return HealthReport(workspace.deployment.name, now(), tuple(send_test(workspace, mail)),
                            time.monotonic() - started)
    probes = [_tried("here", "stack.yml", lambda: workspace.deployment and _("is valid")),
              _tried("here", "secrets", lambda: workspace.secrets and _("open with the vault key")),
              _program("ssh", needed=not workspace.deployment.server.local)]
    found: list[Look] = []
    probes.append(_tried("server", "connection", lambda: _reach(workspace, found)))
    if found:
        probes += _server(workspace, found[0])
    probes += _names(workspace)
    return HealthReport(workspace.deployment.name, now(), tuple(probes),
                        time.monotonic() - started)


def _tried(where: str, name: str, attempt: Callable[[], object]) -> Probe:
    try:
        return Probe(where, name, "ok", str(attempt()))
    except NatmError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return Probe(where, name, "failed", f"{error.message}{hint}")


def _program(name: str, *, needed: bool) -> Probe:
    if shutil.which(name):
        return Probe("here", name, "ok", _("is installed"))
    return Probe("here", name, "failed" if needed else "ok", _("is not installed"))


def _reach(workspace: Workspace, found: list[Look]) -> str:
    found.append(look(workspace))
    return _("works, and sudo too")


def _server(workspace: Workspace, found: Look) -> list[Probe]:
    engine, system = found["engine"], found["system"]
    version = _("Docker {engine}, Compose {compose}").format(
        engine=engine["version"], compose=engine["compose"])
    probes = [
        Probe("server", "system", "ok", f"{system['name']}, {system['machine']}"),
        Probe("server", "engine", "ok", version if engine["version"] else
              _("none yet; deploy installs it")),
        _tried("server", "room and ports", lambda: _fits(workspace, found))]
    if found["unfinished"]:
        owner = found["unfinished"]
        probes.append(Probe("server", "lock", "warning", _(
            "{command} by {by} is running or broke off; deploy goes on from there").format(
            command=owner.get("command"), by=owner.get("by"))))
    return probes


def _fits(workspace: Workspace, found: Look) -> str:
    made, _look = plan(workspace)
    refuse(workspace.deployment, made, found)
    return _("suffice")


def _names(workspace: Workspace) -> list[Probe]:
    """Whether the stack's names lead anywhere, as seen from here."""
    deployment = workspace.deployment
    if deployment.loopback_only:
        return [Probe("names", deployment.domain, "ok",
                      _("browsers find *.localhost on this machine by themselves"))]
    return [_name(host) for host in sorted({r.host for r in deployment.routes})]


def _name(host: str) -> Probe:
    try:
        found = sorted({str(one[4][0]) for one in socket.getaddrinfo(host, 443)})
    except OSError:
        return Probe("names", host, "warning", _(
            "leads nowhere yet: add a DNS record (A, and AAAA for IPv6) to the server's address"))
    return Probe("names", host, "ok", ", ".join(found))
