# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pytest plugin with the fixtures that proofs use; the package's docstring describes them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from .job import Member, PlatformJob, Stack
from .record import JOB

if TYPE_CHECKING:
    import httpx
    from playwright.sync_api import Page

    from .account import Account


def pytest_configure(config: pytest.Config) -> None:
    """Make our marks known, so that a misspelt one is an error."""
    config.addinivalue_line("markers", "browser: this proof needs a real browser")
    config.addinivalue_line("markers", "one_account: only where members come in by that")
    config.addinivalue_line("markers", "own_accounts: only where the platform keeps its own")


@pytest.fixture
def natm_job(pytestconfig: pytest.Config) -> PlatformJob:
    """All that was asked for; proofs use the fixtures below instead."""
    return pytestconfig.stash[JOB]


@pytest.fixture
def stack(natm_job: PlatformJob) -> Stack:
    """The stack as a member of this platform meets it."""
    return natm_job.stack


@pytest.fixture
def members(natm_job: PlatformJob) -> list[Member]:
    """Two throwaway members of this platform."""
    if not natm_job.members:
        pytest.skip("no throwaway members could be made")
    return list(natm_job.members)


@pytest.fixture
def marker(natm_job: PlatformJob) -> str:
    """A string that occurs nowhere else, neither in this run nor in another proof of it."""
    return f"{natm_job.run}-{secrets.token_hex(4)}"


@pytest.fixture
def web(stack: Stack) -> Iterator[Callable[..., httpx.Client]]:
    """Makes HTTP clients, `web()` or `web(member)`; all are closed after the proof."""
    from .web import client

    with ExitStack() as opened:
        def make(member: Member | None = None) -> httpx.Client:
            made = client(stack, member)
            opened.callback(made.close)
            return made

        yield make


@pytest.fixture
def account(stack: Stack, web: Callable[..., httpx.Client]) -> Callable[[], Account]:
    """Makes browsers without scripts that can sign in with the one account, `account()`."""
    from .account import Account

    return lambda: Account(web(), stack)


@pytest.fixture
def visit(
    stack: Stack, web: Callable[..., httpx.Client], natm_job: PlatformJob
) -> Callable[[Member], httpx.Client]:
    """Makes HTTP clients that the gate knows as a member, `visit(member)`."""
    from .account import visitor

    return lambda member: visitor(web(), stack, member, natm_job.cookies)


@pytest.fixture
def browsers(stack: Stack) -> Iterator[Callable[..., Page]]:
    """Makes pages of one browser, `browsers()`, each with cookies of its own."""
    from .chromium import Chromium

    with Chromium(stack) as chromium:
        yield chromium.page


@pytest.fixture
def browser(browsers: Callable[..., Page]) -> Page:
    """A page of a real browser with an empty profile."""
    return browsers()
