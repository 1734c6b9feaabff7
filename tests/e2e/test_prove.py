# SPDX-License-Identifier: AGPL-3.0-or-later
"""`natm prove` on a throwaway server of its own: each day another light platform, two rungs."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from natm_stack.load import load_catalog
from natm_stack.load_ladder import load_records
from natm_stack.paths import shipped
from natm_stack.testing.server import leftovers

LIGHT_MB = 100


def of_the_day() -> str:
    """A light platform that was proven before; all of them have their turn."""
    light = sorted(id_ for id_, entry in load_catalog(shipped("catalog")).entries.items()
                   if entry.platform.needs.memory_mb <= LIGHT_MB and entry.platform.routes
                   and load_records(entry))
    return light[datetime.now(UTC).toordinal() % len(light)]


def test_a_platform_climbs_its_first_rungs_and_the_server_is_gone(tmp_path: Path) -> None:
    id_, before = of_the_day(), leftovers()
    done = subprocess.run(
        [sys.executable, "-m", "natm_stack", "--json", "prove", id_, "--rung", "installs",
         "--rung", "works", "--ready-images", "--no-record"],
        capture_output=True, text=True, timeout=900, cwd=tmp_path, check=False)
    assert done.returncode == 0, f"{id_}: {done.stdout}{done.stderr[-3000:]}"
    record = json.loads(done.stdout)["result"]["records"][id_]
    assert {name: one["outcome"] for name, one in record["result"].items()} == {
        "installs": "passed", "works": "passed"}
    assert record["subject"]["image_ids"], "it does not say which images were tried"
    assert set(leftovers()) <= set(before), "its server is still there"
