# SPDX-License-Identifier: AGPL-3.0-or-later
"""What commands about upgrades find out: plain values, the same for people and for --json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .results import ProofResult

Came = Literal["done", "back", "failed"]
"""Done: the other version serves. Back: the one before does, with all that was written. Failed:
nothing was touched, or what is left is told in `says`."""


@dataclass(frozen=True)
class Upgraded:
    """How one platform came out of an upgrade or a rollback. All times in seconds."""

    id: str
    before: str
    after: str
    came: Came
    says: str = ""
    snapshot: str | None = None
    """What was written up to then, as `natm backups` names it; None where nothing could be lost."""
    took: dict[str, float] | None = None
    """What the time went into: stop, save, switch, migrate, prove."""
    closed: float = 0.0
    """How long members were kept out."""
    packages: tuple[tuple[str, str, str], ...] = ()
    """Packages that changed: name, version before, version now; empty where there is none."""
    proofs: tuple[ProofResult, ...] = ()


@dataclass(frozen=True)
class UpgradeReport:
    """Upgrades, or rollbacks, one platform after the other."""

    stack: str
    platforms: tuple[Upgraded, ...]
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all of them serve in the version that was asked for."""
        return all(one.came == "done" for one in self.platforms)


@dataclass(frozen=True)
class Newer:
    """One platform for which there is something newer."""

    id: str
    before: str
    after: str
    reasons: tuple[str, ...]
    packages: tuple[tuple[str, str, str], ...] = ()
    """Debian's packages in it that have newer versions: name, version there, newest."""


@dataclass(frozen=True)
class OutdatedReport:
    """What could be upgraded."""

    stack: str
    platforms: tuple[Newer, ...]
    epoch: str
    """The day of the packages that images were made of."""
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """A list is always fine."""
        return True
