# SPDX-License-Identifier: AGPL-3.0-or-later
"""The second arrow: Catalog + Stack -> Deployment. Pure: chooses, fills in, orders, refuses."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from typing import Any

from .errors import NatmError, Place
from .i18n import _
from .load import Catalog, CatalogEntry, LoadedStack, suggestion
from .model.deployment import (
    ALWAYS,
    Asked,
    BaseImage,
    Certificate,
    Deployment,
    Gate,
    Image,
    Instance,
    Route,
    Service,
    Subnet,
    Volume,
    alias,
)
from .model.platform import Platform, RouteSpec
from .model.sign_in import GateSpec, SignIn
from .model.stack import Stack

SUITES = {"debian-12": "bookworm", "debian-13": "trixie"}


def resolve(catalog: Catalog, loaded: LoadedStack) -> Deployment:
    """Decide everything about a stack; `NatmError` points into stack.yml where it cannot be."""
    stack = loaded.stack
    chosen = _choose(catalog, loaded)
    ports = _edge_ports(catalog, loaded)
    accounts = _accounts(catalog, chosen, loaded)
    instances = tuple(
        _Resolver(catalog, loaded, entry, reason, ports[1], accounts).instance()
        for entry, reason in _ordered(catalog, chosen)
    )
    _refuse_idle_overrides(instances, loaded)
    _refuse_shared_names(instances, loaded)
    _refuse_shared_ports(instances, loaded, ports)
    bases = {i.base.tag: i.base for inst in instances for i in inst.images if i.base}
    return Deployment(
        name=stack.name, title=stack.title or stack.domain, domain=stack.domain,
        languages=tuple(stack.languages), server=stack.server, tls=stack.tls,
        root=stack.server.root, prefix=stack.prefix,
        loopback_only=stack.domain.endswith(".localhost"),
        http_port=ports[0], https_port=ports[1],
        bases=tuple(bases[tag] for tag in sorted(bases)), instances=instances,
        accounts=accounts.id if accounts else None, mail=stack.mail, backup=stack.backup,
    )


def _choose(catalog: Catalog, loaded: LoadedStack) -> dict[str, str]:
    """Ids of all platforms of the stack, with the reason each is there."""
    chosen: dict[str, str] = {}
    waiting = [(id_, _("picked"), loaded.document.place("platforms", id_))
               for id_ in loaded.stack.platforms]
    waiting += [(id_, _("every stack has it"), loaded.document.place("platforms"))
                for id_ in ALWAYS if id_ in catalog.entries]
    while waiting:
        id_, reason, where = waiting.pop(0)
        if id_ in chosen:
            continue
        entry = catalog.entry(id_, where)
        if not entry.trusted:
            raise _untrusted(entry, where)
        chosen[id_] = reason
        waiting += [(other, _("{id} needs it").format(id=id_), where)
                    for other in entry.platform.needs.platforms]
    return chosen


def _accounts(catalog: Catalog, chosen: Iterable[str], loaded: LoadedStack) -> Platform | None:
    """The one platform that keeps the members' accounts for the others, if one was chosen."""
    found = [id_ for id_ in chosen if catalog.entry(id_).platform.provides]
    if len(found) > 1:
        raise NatmError(
            _("{one} and {two} both want to keep the members' accounts").format(
                one=found[0], two=found[1]),
            code="stack.accounts-twice", where=loaded.document.place("platforms", found[1]),
            hint=_("choose one of them"))
    return catalog.entry(found[0]).platform if found else None


def _refuse_idle_overrides(instances: Iterable[Instance], loaded: LoadedStack) -> None:
    ids = [i.id for i in instances]
    for id_, file in loaded.overrides.items():
        if id_ not in ids:
            raise NatmError(
                _("there is an override for {id}, which is not in this stack").format(id=id_),
                code="overrides.idle", where=str(file), hint=suggestion(id_, ids))


def _untrusted(entry: CatalogEntry, where: Place) -> NatmError:
    return NatmError(
        _("{id} comes from a catalog nobody here has trusted yet: {folder}").format(
            id=entry.platform.id, folder=entry.folder),
        code="catalog.untrusted", where=where,
        hint=_("a catalog is code that runs on your server: read it, then `natm catalog trust`"),
    )


def _ordered(catalog: Catalog, chosen: dict[str, str]) -> list[tuple[CatalogEntry, str]]:
    """Platforms in the order people chose them, what they need first."""
    done: dict[str, None] = {}

    def visit(id_: str, above: tuple[str, ...]) -> None:
        if id_ in done or id_ in above:
            return
        for other in sorted(catalog.entry(id_).platform.needs.platforms):
            visit(other, (*above, id_))
        done[id_] = None

    for id_ in chosen:
        visit(id_, ())
    return [(catalog.entry(id_), chosen[id_]) for id_ in done]


def _edge_ports(catalog: Catalog, loaded: LoadedStack) -> tuple[int, int]:
    """The ports the edge listens on for HTTP and HTTPS: its settings."""
    if "edge" not in catalog.entries:
        return 80, 443
    settings = _settings(catalog.entries["edge"], loaded)
    return int(settings["http_port"]), int(settings["https_port"])


def _settings(entry: CatalogEntry, loaded: LoadedStack) -> dict[str, str | int | bool]:
    """The platform's settings: what the community set, and defaults for the rest."""
    platform, id_ = entry.platform, entry.platform.id
    given: dict[str, Any] = dict(loaded.stack.choice(id_).settings)
    for key, value in given.items():
        where = loaded.document.place("platforms", id_, "settings", key)
        if key not in platform.settings:
            raise NatmError(
                _("{id} has no setting called {key}").format(id=id_, key=key),
                code="stack.unknown-setting", where=where, hint=suggestion(key, platform.settings),
            )
        problem = platform.settings[key].problem(value)
        if problem:
            raise NatmError(f"{id_}.{key}: {problem}", code="stack.bad-setting", where=where)
    return {key: given.get(key, spec.default) for key, spec in platform.settings.items()}


class _Resolver:
    """Fills in one platform."""

    def __init__(
        self, catalog: Catalog, loaded: LoadedStack, entry: CatalogEntry, reason: str, port: int,
        accounts: Platform | None,
    ) -> None:
        self.catalog, self.loaded, self.entry, self.reason = catalog, loaded, entry, reason
        self.stack: Stack = loaded.stack
        self.platform: Platform = entry.platform
        self.project = f"{self.stack.prefix}-{self.platform.id}"
        self.suffix = "" if port == 443 else f":{port}"
        # An account platform signs its own members in; no other one stands above it.
        self.accounts = None if self.platform.provides else accounts
        self.sign_in = self._way_in()
        self.asked = self._asked()

    def _way_in(self) -> SignIn | None:
        provided = set(self.accounts.provides) if self.accounts else set()
        return next((way for way in self.platform.sign_in
                     if way.method in provided or way.method == "native"), None)

    def _asked(self) -> Asked | None:
        way = self.sign_in
        if not (self.accounts and way and way.service):
            return None
        spec = self.accounts.provides[way.method]
        return Asked(way.service, alias(self.accounts.id, spec.service), spec.port,
                     spec.base, spec.route)

    def _gate(self, spec: GateSpec | None) -> Gate | None:
        if not (self.accounts and spec and self.sign_in and self.sign_in.method == "header"):
            return None
        provided = self.accounts.provides["header"]
        lets_in = "everyone" if self._opened(spec.opened_by) else spec.lets_in
        return Gate(alias(self.accounts.id, provided.service), provided.port,
                    f"/gate/{lets_in}", lets_in, spec.shows)

    def _opened(self, setting: str | None) -> bool:
        """Whether the community set it to a value that opens the platform to more people."""
        if setting is None:
            return False
        value = _settings(self.entry, self.loaded)[setting]
        return value in self.platform.settings[setting].opens

    def instance(self) -> Instance:
        platform = self.platform
        self._refuse_unknown_routes()
        images = {name: self._image(name) for name in platform.images}
        front, inner, open_, link = (self._subnet(i, kind) for i, kind in
                                     enumerate(("front", "inner", "open", "link")))
        return Instance(
            id=platform.id, version=platform.version, folder=str(self.entry.folder),
            trusted=self.entry.trusted, project=self.project, uid=platform.uid, platform=platform,
            reason=self.reason, settings=_settings(self.entry, self.loaded),
            images=tuple(images.values()),
            services=tuple(self._service(name, images) for name in platform.services),
            volumes=tuple(self._volume(name) for name in platform.volumes),
            routes=tuple(self._route(spec) for spec in platform.routes),
            certificates=tuple(
                Certificate(self._host(c.name), platform.id, c.volume, platform.uid)
                for c in platform.certificates),
            front=front, inner=inner, open=open_, link=link,
            needs=tuple(platform.needs.platforms), sign_in=self.sign_in, asked=self.asked,
            override=str(self.loaded.overrides[platform.id])
            if platform.id in self.loaded.overrides else None,
        )

    def _image(self, name: str) -> Image:
        spec = self.platform.images[name]
        on_demand = spec.on_demand
        if spec.reference is not None:
            tag = spec.reference + (f"@{spec.digest}" if spec.digest else "")
            return Image(name, tag, None, None, on_demand)
        base = self._base(spec.base)
        identity = f"{self.entry.recipes[name]} {base.tag}"
        digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
        label = self.platform.id if name == self.platform.id else f"{self.platform.id}-{name}"
        tag = f"natm/{label}:{self.platform.version}-{digest}"
        return Image(name, tag, spec.build, base, on_demand)

    def _base(self, name: str) -> BaseImage:
        identity = f"{self.catalog.base_digest} {self.stack.package_epoch}"
        digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
        return BaseImage(f"natm/debian:{name.removeprefix('debian-')}-{digest}", SUITES[name])

    def _subnet(self, index: int, kind: str) -> Subnet:
        network = ipaddress.IPv4Network(self.stack.network_range)
        start = int(network.network_address) + (self.platform.slot * 4 + index) * 16
        if start + 16 > int(network.broadcast_address) + 1:
            raise NatmError(
                _("network_range {range} has no room for {id}").format(
                    range=network, id=self.platform.id),
                code="stack.range-too-small", where=self.loaded.document.place("network_range"),
                hint=_("give a larger one, for instance 172.28.0.0/16"),
            )
        first = ipaddress.IPv4Address(start)
        return Subnet(
            name=f"{self.project}-{kind}", subnet=f"{first}/28", gateway=str(first + 1),
            ip_range=f"{first + 8}/29", edge_address=str(first + 2), internal=kind != "open",
        )

    def _service(self, name: str, images: dict[str, Image]) -> Service:
        spec = self.platform.services[name]
        return Service(
            name=name, image=images[spec.image], container=f"{self.project}-{name}-1",
            uid=spec.uid or self.platform.uid, gid=self.platform.uid, memory_mb=spec.memory_mb,
            pids=spec.pids, tmpfs=tuple(spec.tmpfs.items()),
            networks=(*spec.networks, *self._more_networks(name)),
            profile=spec.profile, shm_mb=spec.shm_mb, one_shot=spec.one_shot,
            exceptions=tuple(spec.exceptions),
            ports=tuple(p for p in self.platform.ports if p.service == name),
        )

    def _more_networks(self, service: str) -> list[str]:
        """To the account platform for who asks it, and out to the community's mail server."""
        named = self.platform.services[service].networks
        link = ["link"] if self.asked and self.asked.service == service else []
        mail = self.platform.mail
        sends = self.stack.mail and mail and mail.service == service and "open" not in named
        return [*link, *(["open"] if sends else [])]

    def _volume(self, name: str) -> Volume:
        spec = self.platform.volumes[name]
        path = f"{self.stack.server.root}/data/{self.platform.id}/{name}"
        handed = {c.volume for c in self.platform.certificates}
        # The edge's helper writes there as a member of the platform's group.
        mode = "0770" if name in handed else spec.mode
        return Volume(
            name, path, spec.uid or self.platform.uid, self.platform.uid, mode, spec.holds,
            spec.backup, spec.dump, tuple(spec.sqlite))

    def _host(self, name: str) -> str:
        given = self.stack.choice(self.platform.id).route.get(name, name)
        return f"{given}.{self.stack.domain}" if given else self.stack.domain

    def _route(self, spec: RouteSpec) -> Route:
        host = self._host(spec.name)
        return Route(
            key=spec.name, platform_id=self.platform.id, service=spec.service,
            upstream=f"{alias(self.platform.id, spec.service)}:{spec.port}", port=spec.port,
            host=host, url=f"https://{host}{self.suffix}", title=spec.title,
            summary=self.platform.summary, probe=spec.probe, body_mb=spec.body_mb,
            hidden_paths=tuple(spec.hidden_paths),
            csp=spec.csp, gate=self._gate(spec.gate),
        )

    def _refuse_unknown_routes(self) -> None:
        known = [route.name for route in self.platform.routes]
        for name in self.stack.choice(self.platform.id).route:
            if name not in known:
                raise NatmError(
                    _("{id} has no route called {name}").format(id=self.platform.id, name=name),
                    code="stack.unknown-route",
                    where=self.loaded.document.place(
                        "platforms", self.platform.id, "route", name),
                    hint=suggestion(name, known),
                )


def _refuse_shared_names(instances: Iterable[Instance], loaded: LoadedStack) -> None:
    owner: dict[str, Route] = {}
    for instance in instances:
        for route in instance.routes:
            other = owner.setdefault(route.host, route)
            if other is not route:
                raise NatmError(
                    _("{one} and {two} both want the name {host}").format(
                        one=other.platform_id, two=instance.id, host=route.host),
                    code="stack.name-taken",
                    where=loaded.document.place("platforms", instance.id, "route", route.key),
                    hint=_("give one of them another name with `route:` in stack.yml"),
                )


def _refuse_shared_ports(
    instances: Iterable[Instance], loaded: LoadedStack, edge: tuple[int, int]
) -> None:
    owner: dict[tuple[str, int], str] = {("tcp", edge[0]): "edge", ("tcp", edge[1]): "edge"}
    if edge[0] == edge[1]:
        raise NatmError(
            _("HTTP and HTTPS cannot share port {port}").format(port=edge[0]),
            code="stack.port-taken", where=loaded.document.place("platforms", "edge", "settings"))
    for instance in instances:
        for port in (p for service in instance.services for p in service.ports):
            for number in port.published():
                other = owner.setdefault((port.protocol, number), instance.id)
                if other != instance.id:
                    raise NatmError(
                        _("{one} and {two} both want port {port}/{protocol}").format(
                            one=other, two=instance.id, port=number, protocol=port.protocol),
                        code="stack.port-taken",
                        where=loaded.document.place("platforms", instance.id),
                    )
