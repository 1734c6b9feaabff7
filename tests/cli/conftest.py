# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands run as from a shell, on a server that exists in memory only."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from natm_stack.cli.app import App
from natm_stack.cli.boundary import run as run_command
from natm_stack.cli.main import cli
from natm_stack.testing.fakes import MemoryServer, sample_tools, sample_workspace
from natm_stack.testing.volunteer import Said


@pytest.fixture(autouse=True)
def _own_folders(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No command sees anybody's real home folder, and reports of bugs go with the test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


Natm = Callable[..., Said]


@pytest.fixture
def natm(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Natm:
    """Run natm as from a shell, without a terminal, on a server that exists in memory only."""

    def start(*words: str, server: MemoryServer | None = None) -> Said:
        monkeypatch.setattr(App, "tools", sample_tools(server))
        monkeypatch.setattr(sys, "argv", ["natm", *words])
        code = run_command(cli, list(words))
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with the sample stack."""
    (tmp_path / "work").mkdir()
    return sample_workspace(tmp_path / "work").folder
