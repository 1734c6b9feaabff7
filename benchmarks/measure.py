# SPDX-License-Identifier: AGPL-3.0-or-later
"""Taking times: turn about, so that a noisy machine is noisy to both sides alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True)
class Ratio:
    """What was compared: medians in seconds, and the aim for their ratio."""

    name: str
    ours: float
    floor: float
    aim: float | None
    note: str = ""

    @property
    def value(self) -> float:
        """Ours as a multiple of the floor."""
        return self.ours / self.floor


def seconds(work: Work) -> float:
    """How long it took, in seconds of the wall clock."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def side_by_side(name: str, ours: Work, floor: Work, *, rounds: int, aim: float,
                 note: str = "") -> Ratio:
    """Run both, turn about, and compare the medians; one unmeasured round goes first."""
    ours()
    floor()
    pairs = [(seconds(ours), seconds(floor)) for _n in range(rounds)]
    return Ratio(name, statistics.median(p[0] for p in pairs),
                 statistics.median(p[1] for p in pairs), aim, note)


def heading() -> str:
    """The first lines of the Markdown table."""
    return "| what | ours | floor | ratio | aim |\n|---|---|---|---|---|"


def row(one: Ratio) -> str:
    """A line of the Markdown table."""
    aim = "reported" if one.aim is None else f"at most {one.aim}"
    note = f" ({one.note})" if one.note else ""
    return (f"| {one.name}{note} | {one.ours:.2f} s | {one.floor:.2f} s | {one.value:.2f} "
            f"| {aim} |")
