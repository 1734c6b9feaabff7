# SPDX-License-Identifier: AGPL-3.0-or-later
"""What makes a deployment impossible on this server, found before anything is changed. Pure."""

from __future__ import annotations

import ipaddress

from .diff import Look
from .errors import NatmError
from .i18n import _
from .model.deployment import Deployment, Instance, Subnet
from .model.results import Plan

OLDEST_ENGINE = (20, 10)
OLDEST_COMPOSE = (2, 20)


def refuse(deployment: Deployment, plan: Plan, look: Look) -> None:
    """Raise `NatmError` for the first thing that stands in the way."""
    _engine(look)
    if not plan.changes:
        return
    _system(look)
    _ports(deployment, look)
    _networks(deployment, look)
    _room(plan)


def refuse_copy(deployment: Deployment, plan: Plan, look: Look) -> None:
    """The same for a copy beside the stack, which publishes no ports."""
    _engine(look)
    _networks(deployment, look)
    _room(plan)


def _system(look: Look) -> None:
    system = look["system"]
    if look["engine"]["version"] is None and (
            system["id"] != "debian" or system["version"] not in ("12", "13")):
        raise NatmError(
            _("natm installs Docker on Debian 12 and 13; this server runs {system}").format(
                system=system["name"]), code="server.system",
            hint=_("install Docker Engine and Compose v2 there, then run this again"))


def _engine(look: Look) -> None:
    engine = look["engine"]
    if engine["version"] and _numbers(engine["version"]) < OLDEST_ENGINE:
        raise NatmError(
            _("the server's Docker Engine {version} is too old").format(version=engine["version"]),
            code="server.engine-too-old", hint=_("natm needs 20.10 or newer; upgrade it first"))
    if engine["compose"] and _numbers(engine["compose"]) < OLDEST_COMPOSE:
        raise NatmError(
            _("the server's Docker Compose {version} is too old").format(version=engine["compose"]),
            code="server.compose-too-old", hint=_("natm needs 2.20 or newer; upgrade it first"))


def _numbers(version: str) -> tuple[int, int]:
    parts = [*version.split("+")[0].split("-")[0].split("."), "0"][:2]
    return (int(parts[0]), int(parts[1])) if all(p.isdigit() for p in parts) else (0, 0)


def _ports(deployment: Deployment, look: Look) -> None:
    """A port counts as taken unless a container of this stack is the one that has it."""
    ours = {c["project"] for c in look["containers"] if c["state"] == "running"}
    for protocol, number in look["taken"]:
        owners = [i.project for i in deployment.instances
                  if _wants(i.id, deployment, protocol, number)]
        if not ours & set(owners):
            raise NatmError(
                _("port {port}/{protocol} is taken by another program on the server").format(
                    port=number, protocol=protocol),
                code="server.port-taken", where=deployment.server.host,
                hint=_("stop that program (`ss -lptn` there names it), or choose another port"))


def _wants(id_: str, deployment: Deployment, protocol: str, number: int) -> bool:
    if id_ == "edge" and protocol == "tcp" and number in (
            deployment.http_port, deployment.https_port):
        return True
    instance = deployment.instance(id_)
    return any(number in p.published() for s in instance.services for p in s.ports
               if p.protocol == protocol)


def _networks(deployment: Deployment, look: Look) -> None:
    """No network of the engine's may use addresses of ours: another stack's, or another tool's."""
    ours = [net for i in deployment.instances for net in _used(i)]
    for name, ranges in look["networks"].items():
        for text in ranges if name not in {net.name for net in ours} else ():
            other = ipaddress.ip_network(text)
            taken = [net for net in ours if other.version == 4
                     and other.overlaps(ipaddress.ip_network(net.subnet))]
            if taken:
                raise NatmError(
                    _("the server's Docker network {name} has addresses this stack wants: {range}"
                      ).format(name=name, range=text),
                    code="server.range-taken", where=deployment.server.host,
                    hint=_("give this stack others with network_range in stack.yml, for instance "
                           "network_range: 172.30.0.0/16"))


def _used(instance: Instance) -> list[Subnet]:
    kinds = {"front": instance.front, "inner": instance.inner, "open": instance.open,
             "link": instance.link}
    return [net for kind, net in kinds.items() if kind in instance.networks_used]


def _room(plan: Plan) -> None:
    host = plan.host
    creating = [p for p in plan.platforms if p.action == "create"]
    first = creating and len(creating) == len(plan.to_apply)
    if first and host.memory_mb > host.memory_available_mb:
        raise NatmError(
            _("this stack wants {need} MB of memory, the server has {have} MB to spare").format(
                need=host.memory_mb, have=host.memory_available_mb),
            code="server.too-little-memory",
            hint=_("choose a bigger server, or drop a platform from the stack"))
    if creating and host.disk_mb > host.disk_available_mb:
        raise NatmError(
            _("this stack wants {need} MB of disk, the server has {have} MB free").format(
                need=host.disk_mb, have=host.disk_available_mb),
            code="server.too-little-disk",
            hint=_("free some room there, or drop a platform from the stack"))
