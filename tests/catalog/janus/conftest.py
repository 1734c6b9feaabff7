# SPDX-License-Identifier: AGPL-3.0-or-later
"""Scenarios run in an event loop of their own, with a house of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from house import ONE_ACCOUNT, House, house

Scenario = Callable[[House], Awaitable[None]]


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Scenario], None]:
    """Plays a scenario to its end, or fails after half a minute."""
    async def play(scenario: Scenario) -> None:
        async with asyncio.timeout(30), house(tmp_path) as one:
            await scenario(one)

    return lambda scenario: asyncio.run(play(scenario))


@pytest.fixture
def run_told(tmp_path: Path) -> Callable[[Scenario], None]:
    """As run, where the edge tells who members are."""
    async def play(scenario: Scenario) -> None:
        async with asyncio.timeout(30), house(tmp_path, ONE_ACCOUNT) as one:
            await scenario(one)

    return lambda scenario: asyncio.run(play(scenario))
