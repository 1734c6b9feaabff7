# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Ansible said, event by event, and what it amounts to. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..model.results import ApplyReport, PlatformOutcome

LOG_MARK = "--- "


@dataclass(frozen=True)
class Event:
    """One task that began or ended on one host."""

    at: float
    kind: str
    host: str
    task: str
    changed: bool = False
    message: str = ""

    @classmethod
    def of(cls, line: dict[str, Any]) -> Event:
        """An event from the callback's JSON."""
        return cls(line["at"], line["event"], line["host"], line["task"],
                   bool(line.get("changed")), str(line.get("message", "")))


@dataclass
class _Host:
    first: float | None = None
    last: float = 0.0
    changed: bool = False
    step: str = ""
    failure: Event | None = None


@dataclass
class Summary:
    """Adds up events until the run is over."""

    platforms: tuple[str, ...]
    hosts: dict[str, _Host] = field(default_factory=dict)
    tasks: int = 0

    def add(self, event: Event) -> None:
        """Take one event in."""
        host = self.hosts.setdefault(event.host, _Host())
        host.first = host.first or event.at
        host.last = event.at
        if event.kind == "start":
            self.tasks += 1
            return
        host.changed |= event.changed
        if event.kind in ("failed", "unreachable"):
            # What a rescue block says last is the better word; where a task failed first, the step.
            host.step = host.step or event.task
            host.failure = event

    @property
    def failed_platforms(self) -> tuple[str, ...]:
        """Platforms at which something failed."""
        return tuple(p for p in self.platforms if p in self.hosts and self.hosts[p].failure)

    @property
    def host_failure(self) -> str | None:
        """What failed on the server itself, if anything did."""
        server = self.hosts.get("server")
        return server.failure.message if server and server.failure else None

    def report(self, seconds: float) -> ApplyReport:
        """What it all amounts to."""
        return ApplyReport(tuple(self._outcome(p) for p in self.platforms), seconds, self.tasks)

    def _outcome(self, platform: str) -> PlatformOutcome:
        host = self.hosts.get(platform)
        if host is None or host.first is None:
            return PlatformOutcome(platform, "unreached")
        seconds = host.last - host.first
        if host.failure is None:
            return PlatformOutcome(platform, "done", seconds, host.changed)
        message, *log = host.failure.message.splitlines() or [""]
        unreached = host.failure.kind == "unreachable"
        return PlatformOutcome(
            platform, "unreached" if unreached else "failed", seconds, host.changed, host.step,
            message, tuple(log[-60:]))
