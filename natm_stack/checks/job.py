# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the verifier is asked to do: one JSON object, with everything a proof may know."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

PROOF_SECONDS = 120
"""How long one proof may take, its fixtures included."""
RUN_SECONDS = 900
"""How long the whole run may take."""


class JobError(Exception):
    """The request cannot be understood; the words say what is wrong, without its values."""


@dataclass(frozen=True)
class Member:
    """A throwaway member. The password is kept out of repr, which pytest shows on failure."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Door:
    """A route with the gate before it, as the account platform's proofs know it."""

    platform: str
    host: str
    url: str
    lets_in: str
    shows: str
    direct: tuple[str, int]
    """Name and port past the edge, as a program on the platform's own network has them."""


@dataclass(frozen=True)
class Stack:
    """The stack as a member of one platform meets it."""

    domain: str
    ca_file: str
    edge: tuple[str, int]
    hosts: Mapping[str, str]
    urls: Mapping[str, str]
    settings: Mapping[str, Any]
    ports: Mapping[str, tuple[str, int]]
    sign_in: str = "native"
    doors: tuple[Door, ...] = ()

    @property
    def one_account(self) -> bool:
        """Whether members come in by the account platform, by whatever method."""
        return self.sign_in in ("header", "ldap", "oidc")

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every https address that the edge serves and these proofs may ask."""
        return (*self.urls.values(), *(door.url for door in self.doors))

    def host(self, route: str = "") -> str:
        """The host name of a route; the domain itself for the empty one."""
        return self.hosts.get("", self.domain) if route == "" else _known(self.hosts, route)

    def url(self, route: str = "") -> str:
        """The https address of a route, without a slash at its end."""
        return _known(self.urls, route)

    def address(self, route: str = "") -> str:
        """The IP address where a route is served: the edge's."""
        return self.connect(route)[0]

    def connect(self, route: str = "") -> tuple[str, int]:
        """IP address and port where a route is served, seen from inside the server."""
        self.host(route)
        return self.edge

    def port(self, name: str) -> tuple[str, int]:
        """IP address and port of what is published past the edge, for instance "5222/tcp"."""
        return _known(self.ports, name)

    def tls(self) -> ssl.SSLContext:
        """A client's TLS settings which trust what members trust, and nothing else."""
        return ssl.create_default_context(cafile=self.ca_file)


@dataclass(frozen=True)
class PlatformJob:
    """The proofs of one platform."""

    id: str
    run: str
    stack: Stack
    members: tuple[Member, ...]
    browser: bool
    only_browser: bool
    proof_seconds: float
    cookies: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """Of members who have signed in at the gate: nobody signs in anew for each proof."""

    @property
    def file_name(self) -> str:
        """The file with its proofs; a module's name has no hyphens."""
        return f"test_{self.id.replace('-', '_')}.py"


@dataclass(frozen=True)
class Job:
    """The whole request."""

    platforms: tuple[PlatformJob, ...]
    run_seconds: float
    raw: Mapping[str, Any] = field(repr=False)

    def slice(self, id_: str) -> dict[str, Any]:
        """The request with one platform only: a platform's proofs see no one else's members."""
        return {**self.raw, "platforms": {id_: self.raw["platforms"][id_]}}

    @property
    def passwords(self) -> tuple[str, ...]:
        """Every password in the request; none may be in the answer."""
        return tuple(m.password for p in self.platforms for m in p.members)


def read_job(raw: Any) -> Job:
    """The request out of parsed JSON; `JobError` where something is missing."""
    try:
        platforms = tuple(_platform(raw, id_, raw["platforms"][id_]) for id_ in raw["platforms"])
        return Job(platforms, float(raw.get("limits", {}).get("run", RUN_SECONDS)), raw)
    except KeyError as error:
        raise JobError(f"the request lacks {error}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise JobError(f"the request is not of the agreed form ({type(error).__name__})") from None


def _platform(raw: Any, id_: str, part: Any) -> PlatformJob:
    stack = Stack(
        domain=raw["domain"],
        ca_file=raw["ca_file"],
        edge=(raw["edge"]["address"], int(raw["edge"]["https_port"])),
        hosts=dict(part.get("hosts", {})),
        urls={name: url.rstrip("/") for name, url in part.get("urls", {}).items()},
        settings=dict(part.get("settings", {})),
        ports={k: (v["host"], int(v["port"])) for k, v in part.get("ports", {}).items()},
        sign_in=part.get("sign_in") or "",
        doors=tuple(_door(door) for door in part.get("gated", [])),
    )
    return PlatformJob(
        id=id_,
        run=raw["run"],
        stack=stack,
        members=tuple(Member(m["name"], m["password"]) for m in part.get("members") or []),
        browser=bool(raw.get("browser", False)),
        only_browser=bool(raw.get("only_browser", False)),
        proof_seconds=float(raw.get("limits", {}).get("proof", PROOF_SECONDS)),
    )


def _door(part: Any) -> Door:
    return Door(part["platform"], part["host"], part["url"].rstrip("/"), part["lets_in"],
                part["shows"], (part["direct"]["host"], int(part["direct"]["port"])))


def _known(table: Mapping[str, T], name: str) -> T:
    """An entry, or a sentence with the names there are: a proof's author reads it."""
    if name not in table:
        names = ", ".join(repr(key) for key in sorted(table)) or "none"
        raise LookupError(f"this platform has no {name!r}; there are: {names}")
    return table[name]
