# SPDX-License-Identifier: AGPL-3.0-or-later
"""The parts of a Compose file that the house writes: hardening, limits, networks. Pure."""

from __future__ import annotations

from typing import Any

import yaml

from .model.deployment import Deployment, Instance, Service, Subnet, alias
from .templating import Safe

LOGGING = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
CONFIG_LABEL = "org.natm.config"


# The one in C, where PyYAML has it, is several times faster.
Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(Dumper):  # type: ignore[misc]
    """Plain YAML that people can read: no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def dump(value: Any) -> str:
    """Block-style YAML, keys in the order given."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4000)


def service_block(deployment: Deployment, instance: Instance, name: str, config: str) -> Safe:
    """All that is the same for every container, for a template at four spaces' indentation."""
    text = dump(_service(deployment, instance, instance.service(name), config)).rstrip("\n")
    return Safe(text.replace("\n", "\n    "))


def _service(
    deployment: Deployment, instance: Instance, service: Service, config: str
) -> dict[str, Any]:
    parts = {
        **_image(service), **_profile(service), **_hardening(service), **_limits(service),
        "logging": LOGGING, "labels": {CONFIG_LABEL: config},
        **_service_networks(deployment, instance, service),
    }
    ports = [_port(deployment, p.publish, p.container, p.protocol) for p in service.ports]
    return {**parts, "ports": ports} if ports else parts


def _image(service: Service) -> dict[str, Any]:
    image = service.image
    if image.recipe is None or image.base is None:
        return {"image": image.tag}
    args = {"BASE": image.base.tag, "PIP_INDEX_URL": "${PIP_INDEX_URL:-}",
            "NPM_CONFIG_REGISTRY": "${NPM_CONFIG_REGISTRY:-}"}
    return {"image": image.tag, "build": {"context": f"./{image.recipe}", "args": args},
            "pull_policy": "never"}


def _profile(service: Service) -> dict[str, Any]:
    if service.profile:
        return {"profiles": [service.profile], "restart": "no"}
    return {"restart": "no" if service.one_shot else "unless-stopped"}


def _hardening(service: Service) -> dict[str, Any]:
    user = "0:0" if service.excepted("root_user") else f"{service.uid}:{service.gid}"
    block: dict[str, Any] = {"user": user, "cap_drop": ["ALL"]}
    if service.capabilities:
        block["cap_add"] = list(service.capabilities)
    if not service.excepted("new_privileges"):
        block["security_opt"] = ["no-new-privileges:true"]
    if not service.excepted("writable_root"):
        block["read_only"] = True
    block["tmpfs"] = [
        f"{path}:size={size}m,mode=0700,uid={service.uid},gid={service.gid},noexec,nosuid,nodev"
        for path, size in service.tmpfs
    ]
    return block


def _limits(service: Service) -> dict[str, Any]:
    limits: dict[str, Any] = {
        "init": True, "mem_limit": f"{service.memory_mb}m",
        "memswap_limit": f"{service.memory_mb}m", "pids_limit": service.pids,
    }
    if service.shm_mb:
        limits["shm_size"] = f"{service.shm_mb}m"
    return limits


def _service_networks(
    deployment: Deployment, instance: Instance, service: Service
) -> dict[str, Any]:
    networks: dict[str, Any] = {}
    for kind in service.networks:
        if kind == "fronts":
            networks |= {
                front_key(other): {"ipv4_address": other.front.edge_address}
                for other in fronts(deployment)
            }
        elif kind == "tried":
            networks |= {front_key(other): None for other in tried(deployment)}
        elif kind == "links":
            networks |= {link_key(other): {"aliases": [alias(instance.id, service.name)]}
                         for other in asking(deployment, instance, service)}
        elif kind == "link":
            networks[link_key(instance)] = None
        elif kind == "front":
            networks[front_key(instance)] = {"aliases": [alias(instance.id, service.name)]}
        else:
            networks[kind] = None
    return {"networks": networks} if networks else {"network_mode": "none"}


def front_key(instance: Instance) -> str:
    """What a Compose file calls a platform's front network."""
    return f"{instance.id}-front"


def link_key(instance: Instance) -> str:
    """What a Compose file calls the network between a platform and the account platform."""
    return f"{instance.id}-link"


def fronts(deployment: Deployment) -> list[Instance]:
    """The platforms that share a front network with the edge."""
    return [i for i in deployment.instances if "front" in i.networks_used]


def tried(deployment: Deployment) -> list[Instance]:
    """The platforms that proofs knock at past the edge.

    Those with ports of their own, as members' apps do; and those that believe the edge who
    somebody is, as a program on their network would that lies.
    """
    return [i for i in fronts(deployment)
            if any(route.gate for route in i.routes)
            or any("front" in s.networks for s in i.services if s.ports)]


def asking(deployment: Deployment, provider: Instance, service: Service) -> list[Instance]:
    """The platforms that ask this service of the account platform who somebody is."""
    host = alias(provider.id, service.name)
    return [i for i in deployment.instances if i.asked and i.asked.host == host]


def made_beforehand(deployment: Deployment) -> list[Subnet]:
    """The networks that more than one platform is on: the roles make them, not Compose."""
    return [i.front for i in fronts(deployment)] + [
        i.link for i in deployment.instances if i.asked]


def networks_block(deployment: Deployment, instance: Instance) -> str:
    """The `networks:` section: front networks are made by the role, the others by Compose."""
    networks: dict[str, Any] = {}
    used = instance.networks_used
    if "fronts" in used:
        networks |= {front_key(o): _external(o.front) for o in fronts(deployment)}
    if "tried" in used:
        networks |= {front_key(o): _external(o.front) for o in tried(deployment)}
    if "links" in used:
        networks |= {link_key(o): _external(o.link) for s in instance.services
                     for o in asking(deployment, instance, s)}
    if "link" in used:
        networks[link_key(instance)] = _external(instance.link)
    if "front" in used:
        networks[front_key(instance)] = _external(instance.front)
    for kind, subnet in [("inner", instance.inner), ("open", instance.open)]:
        if kind in used:
            networks[kind] = _own(subnet)
    return dump({"networks": networks}) if networks else ""


def _external(subnet: Subnet) -> dict[str, Any]:
    return {"external": True, "name": subnet.name}


def _own(subnet: Subnet) -> dict[str, Any]:
    addresses = {"subnet": subnet.subnet, "gateway": subnet.gateway, "ip_range": subnet.ip_range}
    return {"name": subnet.name, "internal": subnet.internal, "ipam": {"config": [addresses]}}


def _port(deployment: Deployment, publish: str, container: str, protocol: str) -> str:
    """A published port; a stack on this machine alone listens on loopback only."""
    where = "127.0.0.1:" if deployment.loopback_only else ""
    return f"{where}{publish}:{container}/{protocol}"


def without_ports(text: str) -> str:
    """A Compose file that publishes nothing, whatever its template says."""
    value = yaml.safe_load(text)
    for service in value.get("services", {}).values():
        service.pop("ports", None)
    return dump(value)


def publish(deployment: Deployment, number: int) -> Safe:
    """A published TCP port of the edge itself, for its template."""
    return Safe(dump(_port(deployment, str(number), str(number), "tcp")).split("\n")[0])
