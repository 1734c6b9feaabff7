# SPDX-License-Identifier: AGPL-3.0-or-later
"""What flows need of the world, in one small object, so that tests can hand in their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from ..apply.run import Listener
from ..process import Runner, SubprocessRunner
from ..server import AskPassword


def now() -> str:
    """The present time, in UTC, as records have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def today() -> date:
    """The present day, in UTC."""
    return datetime.now(UTC).date()


@dataclass
class Tools:
    """How to run programs, ask for the sudo password, and tell of progress."""

    ask_password: AskPassword
    listen: Listener
    runner: Runner = field(default_factory=SubprocessRunner)
    catalogs: tuple[Path, ...] = ()
