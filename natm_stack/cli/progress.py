# SPDX-License-Identifier: AGPL-3.0-or-later
"""Live progress: who is at which step, and for how long. Plain lines without a terminal."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from ..apply.events import Event
from ..i18n import _


@dataclass
class _Row:
    step: str
    since: float
    state: str = "…"


class Progress:
    """A table that redraws itself on a terminal, and a line for each step elsewhere."""

    def __init__(self) -> None:
        self.rows: dict[str, _Row] = {}
        self.guard = threading.Lock()
        self.live: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self.live = Live(get_renderable=self._table, console=Console(stderr=True),
                             refresh_per_second=4, transient=True)
            self.live.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _value: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None

    def event(self, event: Event) -> None:
        """Take in what Ansible says."""
        if event.kind == "start":
            self.step(event.host, event.task.rpartition(" : ")[2])
        elif event.kind in ("failed", "unreachable"):
            self.step(event.host, event.task.rpartition(" : ")[2], "✗")

    def step(self, who: str, what: str, state: str = "…") -> None:
        """Someone is at a step now."""
        with self.guard:
            before = self.rows.get(who)
            if before and before.step == what and before.state == state:
                return
            self.rows[who] = _Row(what, time.monotonic(), state)
        if self.live is None:
            stamp = time.strftime("%H:%M:%S")
            print(f"{stamp} {state} {who}: {what}", file=sys.stderr, flush=True)

    def _table(self) -> Any:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        with self.guard:
            for who, row in self.rows.items():
                seconds = _("{n} s").format(n=int(time.monotonic() - row.since))
                table.add_row(row.state, Text(who, style="bold"), Text(row.step), seconds)
        return table
