# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the fast tests share."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from natm_stack.errors import NatmError

# The same examples every time, and nothing written beside the tests.
settings.register_profile("natm", deadline=None, derandomize=True, database=None)
settings.load_profile("natm")

Refused = Callable[..., NatmError]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--catalog DIR` holds a community's own catalog to the contract as well."""
    parser.addoption("--catalog", action="append", default=[], metavar="DIR",
                     help="a catalog folder to test besides the shipped one; repeatable")
    parser.addoption("--no-skips", action="store_true",
                     help="a test that is skipped has failed: all it stands on is installed")


@pytest.fixture
def refused() -> Refused:
    """`refused(code, act, ...)`: that acting is refused with this code; gives the error."""

    def check(code: str, act: Callable[..., Any], *given: Any, **named: Any) -> NatmError:
        with pytest.raises(NatmError) as caught:
            act(*given, **named)
        assert caught.value.code == code, str(caught.value)
        return caught.value

    return check


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of this test's own, so that nobody's vault keys are touched."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "NATM_VAULT_KEY_FILE",
                 "NATM_SUDO_PASSWORD_FILE", "NATM_SSH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What was not tried was not seen to work."""
    report = yield
    if report.skipped and item.config.getoption("--no-skips") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, where nothing may be: {report.longrepr}"
    return report
