# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every platform folder there is, found by listing."""

from __future__ import annotations

from pathlib import Path

import pytest

from natm_stack.paths import shipped


def platform_folders(config: pytest.Config) -> list[Path]:
    """Folders of the shipped catalog and of those named with --catalog."""
    roots = [shipped("catalog"), *map(Path, config.getoption("--catalog"))]
    return [file.parent for root in roots
            for file in sorted((root / "platforms").glob("*/platform.yml"))
            if not file.parent.name.startswith("_")]


@pytest.fixture
def folders(request: pytest.FixtureRequest) -> list[Path]:
    """All of them."""
    return platform_folders(request.config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `folder` is made once for each platform."""
    if "folder" in metafunc.fixturenames:
        folders = platform_folders(metafunc.config)
        metafunc.parametrize("folder", folders, ids=lambda f: f.name, scope="module")
