# SPDX-License-Identifier: AGPL-3.0-or-later
"""What commands about backups find out: plain values, the same for people and for --json."""

from __future__ import annotations

from dataclasses import dataclass, field

from .results import VerifyReport


@dataclass(frozen=True)
class Saved:
    """One platform in a backup."""

    id: str
    version: str
    files: int
    bytes: int
    members: int | None
    one_moment: bool
    """Whether all that writes to it stood still meanwhile."""
    still_seconds: float


@dataclass(frozen=True)
class Target:
    """How one repository came out."""

    name: str
    good: bool
    away: bool
    """Whether it would outlive the server."""
    snapshots: int = 0
    mb: int = 0
    says: str = ""
    code: str = ""


@dataclass(frozen=True)
class BackupReport:
    """A backup that was taken: what is in it, what is not, and where copies are."""

    stack: str
    run: str
    at: str
    kind: str
    """whole, part, or before-restore, before-upgrade, before-rollback, before-purge."""
    seconds: float
    bytes: int
    added: int
    platforms: tuple[Saved, ...]
    targets: tuple[Target, ...]
    failed: dict[str, str] = field(default_factory=dict)
    sheet: str | None = None
    """Where the recovery sheet was written."""

    @property
    def ok(self) -> bool:
        """Whether all that was to be saved is saved, wherever it should be."""
        return not self.failed and all(target.good for target in self.targets)


@dataclass(frozen=True)
class Restored:
    """One platform that was brought back."""

    id: str
    version: str
    files: int
    seconds: float
    differs: tuple[str, ...] = ()
    """In what it is not as it was saved, where that can be told."""


@dataclass(frozen=True)
class RestoreReport:
    """A restore: what came back, and whether members can use it."""

    stack: str
    run: str
    at: str
    target: str
    seconds: float
    platforms: tuple[Restored, ...]
    failed: dict[str, str]
    before: str | None
    """The snapshot of what was there before."""
    verified: VerifyReport | None
    notes: tuple[str, ...] = ()
    unproven: str | None = None
    """Why no proof could be made, where one should have been."""

    @property
    def ok(self) -> bool:
        """Whether all of it came back, as it was saved, and is proven to work."""
        whole = not self.failed and not any(p.differs for p in self.platforms)
        return whole and self.unproven is None and (
            self.verified is None or self.verified.ok)


@dataclass(frozen=True)
class DrillReport:
    """A trial restore: what came back in the copy, and how long all of it took."""

    stack: str
    restored: RestoreReport
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it proves that this snapshot can be restored."""
        return self.restored.ok and self.restored.verified is not None


@dataclass(frozen=True)
class Snapshot:
    """One snapshot in a list."""

    id: str
    run: str
    at: str
    kind: str
    platforms: dict[str, str]
    """Each platform in it, with its version."""
    proven: bool = False


@dataclass(frozen=True)
class Proof:
    """The last restore that was proven."""

    run: str
    at: str
    seconds: float
    what: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """The server's own last look at what was saved; less than a proven restore."""

    state: str
    """ok, failed, or skipped: not tried, for want of room."""
    at: str
    says: str = ""
    run: str = ""
    files: int = 0
    part: int = 0
    of: int = 0
    """The part of the repository that was read in whole, out of so many."""


@dataclass(frozen=True)
class BackupsReport:
    """The snapshots of one repository, oldest first."""

    stack: str
    target: str
    snapshots: tuple[Snapshot, ...]
    proof: Proof | None
    checked: Checked | None = None

    @property
    def ok(self) -> bool:
        """A list is always fine."""
        return True
