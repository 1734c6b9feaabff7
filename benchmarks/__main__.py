# SPDX-License-Identifier: AGPL-3.0-or-later
"""python -m benchmarks [NAME...]: print a table; every one by default but `cold`, half an hour."""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from . import people as one_account
from . import suite, vetting
from . import video as video_rooms
from .measure import Ratio, heading, row

Found = Iterator[Ratio | str]


def start(_home: Path) -> Found:
    """How fast natm itself starts."""
    yield suite.start_up()


def commons(home: Path) -> Found:
    """What is measured on a server with the kit commons."""
    with suite.commons(home) as volunteer:
        yield suite.unchanged_deploy(volunteer)
        yield suite.health(volunteer)
        yield suite.idle_memory(volunteer)


def many(home: Path) -> Found:
    """Whether the number of platforms matters."""
    yield from suite.many_platforms(home)


def entries(home: Path) -> Found:
    """What a large catalog costs."""
    yield from vetting.thousand(home)
    yield vetting.list_many(home)


def people(home: Path) -> Found:
    """The one account: many people at once, signing in, idle memory."""
    with one_account.house(home) as volunteer:
        yield one_account.memory(volunteer)
        yield one_account.sign_in(volunteer)
        yield from one_account.imported(volunteer, home)


def video(home: Path) -> Found:
    """Video rooms beside the packaged demo page."""
    with video_rooms.house(home) as volunteer, video_rooms.browsers(volunteer, home) as outside:
        yield from video_rooms.first_frame(outside)
        yield video_rooms.weak(outside)
        yield from video_rooms.rooms(volunteer, outside)


def cold(home: Path) -> Found:
    """The first deploy, with everything to build."""
    yield suite.first_deploy(home)


ALL: dict[str, Callable[[Path], Found]] = {
    "start": start, "commons": commons, "many": many, "entries": entries,
    "people": people, "video": video, "cold": cold}


def main() -> None:
    """Measure what was named, and print each result as Markdown when it is there."""
    names = sys.argv[1:] or [name for name in ALL if name != "cold"]
    if unknown := set(names) - set(ALL):
        raise SystemExit(f"benchmarks: {', '.join(sorted(unknown))}? Known: {', '.join(ALL)}")
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python "
          f"{platform.python_version()}\n\n{heading()}", flush=True)
    told: list[str] = []
    for name in names:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for one in ALL[name](Path(folder)):
                if isinstance(one, Ratio):
                    print(row(one), flush=True)
                else:
                    told.append(one)
    print("\n" + "\n\n".join(told))


main()
