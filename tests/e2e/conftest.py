# SPDX-License-Identifier: AGPL-3.0-or-later
"""One throwaway server for the whole run, and a volunteer's computer that reaches it over SSH."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from natm_stack.testing.server import ThrowawayServer
from natm_stack.testing.volunteer import Volunteer, new_volunteer

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs an engine and a throwaway server."""
    for item in items:
        if HERE in Path(item.path).parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def server() -> Iterator[ThrowawayServer]:
    """A bare Debian 13 server behind a jump host, with systemd, SSH on a port of its own, sudo."""
    with ThrowawayServer(jump=True) as made:
        yield made


@pytest.fixture(scope="session")
def volunteer(server: ThrowawayServer, tmp_path_factory: pytest.TempPathFactory) -> Volunteer:
    """The volunteer of this run, who begins with a front page and files."""
    return new_volunteer(
        server, tmp_path_factory.mktemp("volunteer"), "--name", "commons", "--title", "Riverside",
        "--domain", "commons.test", "--platform", "portal", "--platform", "copyparty",
        "--language", "en", "--language", "fr")
