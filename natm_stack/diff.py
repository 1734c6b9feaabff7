# SPDX-License-Identifier: AGPL-3.0-or-later
"""The fourth arrow: Bundle against what the server has -> Plan. Pure."""

from __future__ import annotations

import re
from typing import Any

from .composefile import made_beforehand
from .i18n import _
from .model.bundle import Bundle
from .model.deployment import ALWAYS, Deployment, Instance
from .model.results import HostPlan, Plan, PlatformPlan

Look = dict[str, Any]
"""What server_side/look.py printed."""


def questions(deployment: Deployment) -> dict[str, Any]:
    """What to look at on the server for this deployment."""
    images = sorted({i.tag for inst in deployment.instances for i in inst.images}
                    | {base.tag for base in deployment.bases})
    return {"root": deployment.root, "prefix": f"{deployment.prefix}-", "images": images,
            "ports": [[protocol, _address(deployment), number]
                      for protocol, numbers in _published(deployment) for number in numbers],
            "names": names(deployment) if deployment.tls.mode == "acme" else []}


def names(deployment: Deployment) -> list[str]:
    """Every name that members' devices look up, and that certificates are for."""
    hosts = {r.host for r in deployment.routes} | {c.host for c in deployment.certificates}
    return sorted(hosts | {deployment.domain})


def _published(deployment: Deployment) -> list[tuple[str, range]]:
    """Each protocol with the port or range of ports that is opened on the server."""
    ports = [("tcp", range(n, n + 1)) for n in (deployment.http_port, deployment.https_port)]
    return ports + [(spec.protocol, spec.published()) for instance in deployment.instances
                    for service in instance.services for spec in service.ports]


def _address(deployment: Deployment) -> str:
    return "127.0.0.1" if deployment.loopback_only else "0.0.0.0"  # noqa: S104  # the server's own


def _range(numbers: range) -> str:
    return f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}"


def diff(
    deployment: Deployment, bundle: Bundle, look: Look, *,
    only: tuple[str, ...] = (), full: bool = False,
) -> Plan:
    """Say exactly what a deploy would do; `only` narrows it to some platforms."""
    wanted = {instance.id for instance in deployment.instances}
    plans = [_platform(instance, bundle, look, full) for instance in deployment.instances]
    gone = [id_ for id_ in known_receipts(look) if id_ not in wanted]
    plans += [PlatformPlan(id_, "remove", (_("no longer in stack.yml; its data stay"),))
              for id_ in gone]
    if only:
        # The edge leads to what is new, and the verifier carries its proofs.
        chosen = {*only, *ALWAYS}
        plans = [p if p.id in chosen else PlatformPlan(p.id, "none") for p in plans]
    return Plan(deployment.name, deployment.server.host, _host(deployment, bundle, look, full),
                tuple(plans), _notes(deployment))


def known_receipts(look: Look) -> list[str]:
    """Ids of the platforms the server has receipts of; other names cannot be ours."""
    return [id_ for id_ in sorted(look["receipts"])
            if id_ != "host" and re.fullmatch(r"[a-z][a-z0-9-]{0,30}", id_)]


def _platform(instance: Instance, bundle: Bundle, look: Look, full: bool) -> PlatformPlan:
    receipt = look["receipts"].get(instance.id)
    now = bundle.fingerprints[instance.id]
    before = (receipt or {}).get("files", {})
    build = tuple(sorted({i.tag for i in instance.images
                          if i.recipe and not i.on_demand and not look["images"].get(i.tag)}))
    changed = tuple(path for path in sorted(now) if before.get(path) != now[path])
    stale = tuple(path for path in sorted(before) if path not in now and _is_ours(path))
    broken = _drift(instance, look)
    if receipt is not None and "fingerprint" not in receipt:
        return PlatformPlan(instance.id, "repair", (_("an earlier run did not finish it"),),
                            changed, stale, build)
    if receipt is None:
        return PlatformPlan(instance.id, "create", (instance.reason,), changed, (), build)
    if receipt.get("fingerprint") != bundle.parts[instance.id]:
        waits = not instance.platform.live and newer(instance, receipt)
        return PlatformPlan(
            instance.id, "upgrade" if waits else "change",
            _why(instance, receipt, changed, stale), changed, stale, build,
            tuple(s.name for s in instance.running))
    if build or broken or full:
        missing = (_("its image is not there"),) if build else ()
        reasons = (*missing, *broken) or (_("asked to look at all"),)
        return PlatformPlan(instance.id, "repair", reasons, (), (), build)
    return PlatformPlan(instance.id, "none")


def newer(instance: Instance, receipt: dict[str, Any]) -> bool:
    """Whether other images than those it runs on would take over."""
    images = {image.name: image.tag for image in instance.images}
    return bool(receipt.get("version") != instance.version or receipt.get("images") != images)


def _is_ours(path: str) -> bool:
    """Whether a path out of a receipt can be a bundle's; the server is not believed blindly."""
    return bool(re.fullmatch(r"[A-Za-z0-9_@+-][A-Za-z0-9._@+/-]*", path)) and (
        ".." not in path.split("/"))


def _why(
    instance: Instance, receipt: dict[str, Any], changed: tuple[str, ...], stale: tuple[str, ...]
) -> tuple[str, ...]:
    reasons = []
    images = {image.name: image.tag for image in instance.images}
    if receipt.get("version") != instance.version:
        reasons.append(_("version {old} becomes {new}").format(
            old=receipt.get("version"), new=instance.version))
    if receipt.get("images") != images:
        reasons.append(_("its images change"))
    if changed or stale:
        reasons.append(_("{n} file(s) change").format(n=len(changed) + len(stale)))
    return tuple(reasons) or (_("folders or limits change"),)


def _drift(instance: Instance, look: Look) -> tuple[str, ...]:
    """What the engine has otherwise than the receipt says."""
    there = {c["service"]: c for c in look["containers"]
             if c["project"] == instance.project and not c["oneoff"]}
    reasons = []
    for service in instance.running:
        one = there.get(service.name)
        if one is None:
            reasons.append(_("{service} is not there").format(service=service.name))
        elif one["state"] != "running":
            reasons.append(_("{service} is not running").format(service=service.name))
        elif one["health"] == "unhealthy":
            reasons.append(_("{service} is unwell").format(service=service.name))
        elif one["image"] != service.image.tag:
            reasons.append(_("{service} runs another image").format(service=service.name))
    return tuple(reasons)


def _host(deployment: Deployment, bundle: Bundle, look: Look, full: bool) -> HostPlan:
    changes: list[str] = []
    engine = look["engine"]
    if engine["version"] is None or engine["compose"] is None:
        changes.append(_("Docker Engine and Compose are installed from Debian's packages"))
    if "host" not in look["receipts"]:
        changes.append(_("the folder {root} is made").format(root=deployment.root))
    changes += [_("the base image {tag} is made from Debian packages").format(tag=base.tag)
                for base in deployment.bases if not look["images"].get(base.tag)]
    missing = [net.name for net in made_beforehand(deployment)
               if net.name not in look["networks"]]
    if missing:
        changes.append(_("{n} network(s) between the edge and the platforms are made").format(
            n=len(missing)))
    receipt = look["receipts"].get("host", {})
    if not changes and (full or receipt.get("fingerprint") != bundle.parts["host"]):
        changes.append(_("the server's own folders, networks and backups are looked through"))
    return HostPlan(
        tuple(changes), tuple(f"{_range(numbers)}/{protocol} on {_address(deployment)}"
                              for protocol, numbers in _published(deployment)),
        sum(i.platform.needs.memory_mb for i in deployment.instances),
        look["memory"]["available"],
        sum(i.platform.needs.disk_mb for i in deployment.instances
            if i.id not in look["receipts"]), look["disk"])


def srv_records(deployment: Deployment) -> list[tuple[str, str]]:
    """Each platform that wants one with its SRV record (RFC 2782), as a zone file has it."""
    return [
        (i.id, f"_{p.srv}._{p.protocol}.{deployment.domain}. SRV 0 5 {p.published()[0]} "
               f"{deployment.domain}.")
        for i in deployment.instances for s in i.services for p in s.ports if p.srv]


def _notes(deployment: Deployment) -> tuple[str, ...]:
    opened = [f"{i.id}/{s.name}" for i in deployment.instances for s in i.running
              if "open" in s.networks]
    notes = [_("has a way out of the server: {names}").format(names=", ".join(opened))]
    excepted = [
        f"{i.id}/{s.name}: {e.rule} ({e.reason})"
        for i in deployment.instances for s in i.services for e in s.exceptions]
    changed = [i.id for i in deployment.instances if i.override]
    if changed:
        notes.append(_("changed by this community's own overrides: {ids}").format(
            ids=", ".join(changed)))
    if not deployment.loopback_only:
        notes.append(_("names that must lead to the server (DNS records A, AAAA): {names}").format(
            names=", ".join(names(deployment))))
        notes += [_("apps find {id} by a DNS record of type SRV: {record}").format(
            id=id_, record=record) for id_, record in srv_records(deployment)]
    return tuple(notes + excepted)

