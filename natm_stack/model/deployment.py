# SPDX-License-Identifier: AGPL-3.0-or-later
"""The stack resolved against the catalog: complete, nothing left to decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .backup import BackupSpec
from .platform import DumpSpec, HardeningException, PortSpec, RouteProbe
from .sign_in import SignIn
from .stack import MailSpec, ServerSpec, TlsSpec

ALWAYS = ("edge", "verifier")
"""Platforms every stack has: without them nothing can be reached, and nothing proven."""


def alias(platform: str, service: str) -> str:
    """What others on a network shared with a platform call one of its services."""
    return f"{platform}-{service}"


@dataclass(frozen=True)
class Subnet:
    """A Docker network of ours, with fixed addresses."""

    name: str
    subnet: str
    gateway: str
    ip_range: str
    edge_address: str
    internal: bool


@dataclass(frozen=True)
class BaseImage:
    """An image every recipe starts from, made of a Debian release on the server itself."""

    tag: str
    suite: str


@dataclass(frozen=True)
class Image:
    """An image of a platform: where its recipe is, and the tag that names its content."""

    name: str
    tag: str
    recipe: str | None
    base: BaseImage | None
    on_demand: bool


@dataclass(frozen=True)
class Service:
    """One container, with nothing left to default."""

    name: str
    image: Image
    container: str
    uid: int
    gid: int
    memory_mb: int
    pids: int
    tmpfs: tuple[tuple[str, int], ...]
    networks: tuple[str, ...]
    profile: str | None
    shm_mb: int | None
    one_shot: bool
    exceptions: tuple[HardeningException, ...]
    ports: tuple[PortSpec, ...]

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Linux capabilities left to it, each with a reason in platform.yml."""
        return tuple(c for e in self.exceptions if e.rule == "capabilities" for c in e.value)

    def excepted(self, rule: str) -> bool:
        """Whether platform.yml declares a departure from this rule."""
        return any(e.rule == rule for e in self.exceptions)


@dataclass(frozen=True)
class Volume:
    """A data folder on the server."""

    name: str
    path: str
    uid: int
    gid: int
    mode: str
    holds: str
    backup: str = "files"
    dump: DumpSpec | None = None
    sqlite: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gate:
    """What the edge asks before it lets somebody through to a route."""

    upstream: str
    port: int
    path: str
    lets_in: str
    shows: str


@dataclass(frozen=True)
class Route:
    """A web address and the service behind it."""

    key: str
    platform_id: str
    service: str
    upstream: str
    port: int
    host: str
    url: str
    title: dict[str, str] | None
    summary: dict[str, str]
    probe: RouteProbe
    body_mb: int | None
    hidden_paths: tuple[str, ...]
    csp: str | None
    gate: Gate | None


@dataclass(frozen=True)
class Certificate:
    """A leaf the edge hands to a platform that speaks TLS itself."""

    host: str
    platform_id: str
    volume: str
    gid: int


@dataclass(frozen=True)
class Asked:
    """How a service asks the account platform from inside, over a network of theirs alone."""

    service: str
    host: str
    port: int
    base: str | None
    issuer: str | None
    """Key of the account platform's route that is the OpenID Connect issuer."""


@dataclass(frozen=True)
class Instance:
    """One platform of this stack."""

    id: str
    version: str
    folder: str
    trusted: bool
    project: str
    uid: int
    platform: Any = field(compare=False)
    reason: str
    settings: dict[str, str | int | bool]
    images: tuple[Image, ...]
    services: tuple[Service, ...]
    volumes: tuple[Volume, ...]
    routes: tuple[Route, ...]
    certificates: tuple[Certificate, ...]
    front: Subnet
    inner: Subnet
    open: Subnet
    link: Subnet
    needs: tuple[str, ...]
    sign_in: SignIn | None = None
    """The way in, chosen from those the platform has; None where nobody signs in."""
    asked: Asked | None = None
    """Whom it asks who somebody is, where that is by ldap or oidc."""
    override: str | None = None
    """The community's own Compose file that stands over the platform's."""

    def service(self, name: str) -> Service:
        """The service of this name; `KeyError` where there is none."""
        return {service.name: service for service in self.services}[name]

    def group_of(self, path: str) -> int:
        """Who may read one of its files on the server besides root: itself, what it mounts."""
        return self.uid if path.startswith(("files/", "secrets/")) else 0

    @property
    def method(self) -> str | None:
        """How members sign in: native, header, ldap, oidc, or None."""
        return self.sign_in.method if self.sign_in else None

    @property
    def networks_used(self) -> set[str]:
        """Which of front, inner, open and link any of its services is on."""
        return {name for service in self.services for name in service.networks}

    @property
    def running(self) -> tuple[Service, ...]:
        """Services that should be up all the time."""
        return tuple(s for s in self.services if s.profile is None and not s.one_shot)


@dataclass(frozen=True)
class Deployment:
    """Everything about one community's stack, decided."""

    name: str
    title: str
    domain: str
    languages: tuple[str, ...]
    server: ServerSpec
    tls: TlsSpec
    root: str
    prefix: str
    loopback_only: bool
    http_port: int
    https_port: int
    bases: tuple[BaseImage, ...]
    instances: tuple[Instance, ...]
    accounts: str | None = None
    """The platform that keeps the members' accounts for the others, if there is one."""
    mail: MailSpec | None = None
    backup: BackupSpec = field(default_factory=BackupSpec)
    isolated: bool = False
    """A copy for a drill: nothing is published, and nothing has a way out."""
    repository: str = ""
    """Where the server's own backups lie, if not below `root`."""

    @property
    def routes(self) -> tuple[Route, ...]:
        """All web addresses, in the order of the platforms."""
        return tuple(route for instance in self.instances for route in instance.routes)

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """All leaves the edge hands out."""
        return tuple(c for instance in self.instances for c in instance.certificates)

    def instance(self, id_: str) -> Instance:
        """The platform of this id; `KeyError` where it is not in the stack."""
        return {instance.id: instance for instance in self.instances}[id_]
