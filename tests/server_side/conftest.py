# SPDX-License-Identifier: AGPL-3.0-or-later
"""What tests of the small programs share: a folder of their own, and how one is started."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from natm_stack.paths import package_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """natm's folder on the server; nobody made it yet."""
    return tmp_path / "srv"


@pytest.fixture
def words() -> Callable[[str], list[str]]:
    """The words that start one small program, with the standard library alone."""
    folder = package_folder("server_side")
    return lambda name: [sys.executable, "-I", str(folder / f"{name}.py")]
