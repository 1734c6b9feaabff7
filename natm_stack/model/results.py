# SPDX-License-Identifier: AGPL-3.0-or-later
"""What commands find out: plans and reports. Plain values, the same for people and for --json."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Action = Literal["create", "change", "repair", "remove", "upgrade", "none"]
"""With `upgrade`, what would change waits for `natm upgrade`: people's data are in it."""


@dataclass(frozen=True)
class PlatformPlan:
    """What will happen to one platform, and why."""

    id: str
    action: Action
    reasons: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    restarts: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostPlan:
    """What will happen to the server itself."""

    changes: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    memory_mb: int = 0
    memory_available_mb: int = 0
    disk_mb: int = 0
    disk_available_mb: int = 0


@dataclass(frozen=True)
class Plan:
    """The difference between the bundle and what the server has."""

    stack: str
    server: str
    host: HostPlan
    platforms: tuple[PlatformPlan, ...]
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.host.changes) or any(
            p.action not in ("none", "upgrade") for p in self.platforms)

    @property
    def to_apply(self) -> tuple[str, ...]:
        """Ids of the platforms that get work done."""
        return tuple(p.id for p in self.platforms if p.action in ("create", "change", "repair"))

    @property
    def to_upgrade(self) -> tuple[str, ...]:
        """Ids of the platforms that wait for an upgrade."""
        return tuple(p.id for p in self.platforms if p.action == "upgrade")

    @property
    def to_remove(self) -> tuple[str, ...]:
        """Ids of the platforms that are taken away; their data stay."""
        return tuple(p.id for p in self.platforms if p.action == "remove")

    @property
    def ok(self) -> bool:
        """A plan is always fine; what it shows may not be."""
        return True


REMOVED = "removed"
"""The step of a platform that was taken away, and not brought up."""


@dataclass(frozen=True)
class PlatformOutcome:
    """How one platform came out of a deployment."""

    id: str
    state: Literal["done", "failed", "unreached"]
    seconds: float = 0.0
    changed: bool = False
    step: str = ""
    message: str = ""
    log: tuple[str, ...] = ()


@dataclass(frozen=True)
class ApplyReport:
    """How a run of the playbook came out, platform by platform."""

    platforms: tuple[PlatformOutcome, ...]
    seconds: float
    tasks: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything that was to be done was done."""
        return all(p.state == "done" for p in self.platforms)


Outcome = Literal["passed", "failed", "not-run"]


@dataclass(frozen=True)
class ProofResult:
    """What one proof showed."""

    platform: str
    proof: str
    says: str
    outcome: Outcome
    seconds: float
    detail: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is a proof that a member would make, not natm's own look at an image."""
        return not self.proof.startswith("image-")


@dataclass(frozen=True)
class VerifyReport:
    """What all proofs showed, on which images, when."""

    stack: str
    at: str
    proofs: tuple[ProofResult, ...]
    seconds: float
    browser: bool

    @property
    def ok(self) -> bool:
        """Whether no proof failed, and every platform that has proofs passed at least one."""
        proven = {p.platform for p in self.proofs if p.counts and p.outcome == "passed"}
        tried = {p.platform for p in self.proofs if p.counts}
        return bool(proven) and proven == tried and all(
            p.outcome != "failed" for p in self.proofs)


@dataclass(frozen=True)
class Probe:
    """One quick look: what was looked at, whether it is well, and a word about it."""

    platform: str
    name: str
    state: Literal["ok", "warning", "failed"]
    says: str
    seconds: float = 0.0


@dataclass(frozen=True)
class HealthReport:
    """All probes of one pass."""

    stack: str
    at: str
    probes: tuple[Probe, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether nothing failed; warnings are for reading."""
        return all(p.state != "failed" for p in self.probes)


@dataclass(frozen=True)
class DeployReport:
    """A deployment: the plan, how applying it went, and what was proven afterwards."""

    plan: Plan
    applied: ApplyReport | None
    verified: VerifyReport | None
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it was applied and nothing that was proven failed."""
        return (self.applied is None or self.applied.ok) and (
            self.verified is None or self.verified.ok)


@dataclass(frozen=True)
class Told:
    """A result that is a few lines of text and some values."""

    lines: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)
    good: bool = True

    @property
    def ok(self) -> bool:
        """Whether it went well."""
        return self.good
