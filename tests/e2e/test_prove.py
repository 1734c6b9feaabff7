# SPDX-License-Identifier: AGPL-3.0-or-later
"""`natm prove` on a throwaway server of its own: each day another light platform, two rungs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from natm_stack.load import load_catalog
from natm_stack.load_ladder import load_records
from natm_stack.paths import shipped

LIGHT_MB = 100


def of_the_day() -> str:
    """A light platform that was proven before; all of them have their turn."""
    light = sorted(id_ for id_, entry in load_catalog(shipped("catalog")).entries.items()
                   if entry.platform.needs.memory_mb <= LIGHT_MB and entry.platform.routes
                   and load_records(entry))
    return light[datetime.now(UTC).toordinal() % len(light)]


@pytest.fixture
def place() -> Iterator[Path]:
    """Where keys of throwaway servers lie; a short name, which SSH's sockets need."""
    with tempfile.TemporaryDirectory(prefix="np-") as folder:
        yield Path(folder)


def test_a_platform_climbs_its_first_rungs_and_the_server_is_gone(place: Path) -> None:
    id_ = of_the_day()
    done = subprocess.run(
        [sys.executable, "-m", "natm_stack", "--json", "prove", id_, "--rung", "installs",
         "--rung", "works", "--ready-images", "--no-record"],
        capture_output=True, text=True, timeout=900, cwd=place, check=False,
        env={**os.environ, "TMPDIR": str(place)})
    assert done.returncode == 0, f"{id_}: {done.stdout}{done.stderr[-3000:]}"
    record = json.loads(done.stdout)["result"]["records"][id_]
    assert {name: one["outcome"] for name, one in record["result"].items()} == {
        "installs": "passed", "works": "passed"}
    assert record["subject"]["image_ids"], "it does not say which images were tried"
    assert list(place.iterdir()) == [], "something of its server is still there"
