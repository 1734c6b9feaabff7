# SPDX-License-Identifier: AGPL-3.0-or-later
"""One throwaway server for the scenarios of all roles: each would be right on its own as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from natm_stack.testing.server import ThrowawayServer


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state file of a server that starts without an engine, and is gone after the run."""
    with ThrowawayServer() as server:
        state = tmp_path_factory.mktemp("roles") / "server.json"
        server.save(state)
        yield state
