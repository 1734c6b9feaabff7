# SPDX-License-Identifier: AGPL-3.0-or-later
"""python -m benchmarks [--cold]: print the tables; --cold adds the first deploy (half an hour)."""

from __future__ import annotations

import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from . import suite, vetting
from .measure import Ratio, table


def main() -> None:
    """Measure everything and print it as Markdown."""
    ratios: list[Ratio] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "commons").mkdir()
        _tell("natm --version")
        ratios.append(suite.start_up())
        with suite.commons(home / "commons") as volunteer:
            _tell("unchanged deploy")
            ratios.append(suite.unchanged_deploy(volunteer))
            _tell("health")
            ratios.append(suite.health(volunteer))
            memory = suite.idle_memory(volunteer)
        (home / "vetting").mkdir()
        _tell("a thousand entries")
        ratios += [*vetting.thousand(home / "vetting"), vetting.list_many(home / "vetting")]
        (home / "many").mkdir()
        _tell("20 platforms against 5")
        ratio, tasks = suite.many_platforms(home / "many")
        ratios.append(ratio)
        if "--cold" in sys.argv[1:]:
            (home / "cold").mkdir()
            _tell("first deploy")
            ratios.append(suite.first_deploy(home / "cold"))
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python "
          f"{platform.python_version()}\n\n{table(ratios)}\n\n{tasks}\n\n{memory}")


def _tell(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


main()
