# SPDX-License-Identifier: AGPL-3.0-or-later
"""Watches pytest run one platform's proofs: chooses them, limits their time, tells what came of it.

What happens is told as it happens, as small events, so that a proof that brings pytest down
takes only itself along.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from .job import PlatformJob

JOB = pytest.StashKey[PlatformJob]()
"""Where the fixtures find what was asked for."""
WHOLE = "proofs"
"""The name under which a platform's file of proofs answers for itself."""
CLEANUP_SECONDS = 15.0
LINES, WIDTH = 20, 300

Emit = Callable[[dict[str, Any]], None]
Wrapper = Generator[None, Any, Any]


class Recorder:
    """A pytest plugin object for one run of one platform's proofs."""

    def __init__(self, job: PlatformJob, emit: Emit) -> None:
        self._job, self._emit = job, emit
        self._reports: list[pytest.TestReport] = []
        self._deadline = 0.0

    def pytest_configure(self, config: pytest.Config) -> None:
        """Hand the job to the fixtures."""
        config.stash[JOB] = self._job

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file of proofs that cannot be read is a failure, not an absence."""
        if report.failed:
            self._emit({"event": "planned", "proof": WHOLE, "needs_browser": False,
                        "says": f"The proofs of {self._job.id} can be read."})
            self._result(WHOLE, "failed", 0.0, in_few_lines(str(report.longrepr)))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what this run cannot prove, and say so."""
        items[:] = [item for item in items if self._applies(item)]
        for item in items:
            self._emit({"event": "planned", "proof": _name(item.nodeid), "says": says(item),
                        "needs_browser": needs_browser(item)})
        for item in items:
            if reason := self._obstacle(item):
                self._result(_name(item.nodeid), "not-run", 0.0, reason)
        items[:] = [item for item in items if not self._obstacle(item)]

    def _applies(self, item: pytest.Item) -> bool:
        """Whether there is such a thing to prove here at all; if not, it is not counted."""
        one_account = self._job.stack.one_account
        return not (
            (self._job.only_browser and not needs_browser(item))
            or (item.get_closest_marker("one_account") and not one_account)
            or (item.get_closest_marker("own_accounts") and one_account))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A proof begins."""
        self._reports = []
        self._deadline = time.monotonic() + self._job.proof_seconds
        self._emit({"event": "begun", "proof": _name(nodeid)})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One of its three parts (before, itself, after) is done."""
        self._reports.append(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A proof is over."""
        seconds = sum(report.duration for report in self._reports)
        outcome, detail = judge(self._reports)
        self._result(_name(nodeid), outcome, seconds, detail)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Wrapper:
        """Fixtures spend of the proof's time."""
        return (yield from self._limited(item, self._deadline - time.monotonic()))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Wrapper:
        """The proof itself."""
        return (yield from self._limited(item, self._deadline - time.monotonic()))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Wrapper:
        """Cleaning up always gets some time."""
        return (yield from self._limited(item, CLEANUP_SECONDS))

    def _limited(self, item: pytest.Item, seconds: float) -> Wrapper:
        def stop(_signal: int, frame: FrameType | None) -> None:
            # Not an `Exception`: a proof's own `except Exception` must not swallow it.
            pytest.fail(self._too_long(item, frame), pytrace=False)

        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _too_long(self, item: pytest.Item, frame: FrameType | None) -> str:
        words = f"It took longer than {self._job.proof_seconds:g} seconds"
        while frame is not None and frame.f_code.co_filename != str(item.path):
            frame = frame.f_back
        place = f" and was then at line {frame.f_lineno} of {item.path.name}" if frame else ""
        return f"{words}{place}."

    def _obstacle(self, item: pytest.Item) -> str | None:
        if needs_browser(item) and not self._job.browser:
            return "needs the browser"
        if "members" in getattr(item, "fixturenames", ()) and not self._job.members:
            return "no throwaway members could be made"
        return None

    def _result(self, proof: str, outcome: str, seconds: float, detail: str) -> None:
        self._emit({"event": "result", "proof": proof, "outcome": outcome,
                    "seconds": round(seconds, 2), "detail": detail})


def needs_browser(item: pytest.Item) -> bool:
    """Whether a proof is for a browser: by its mark, or because it asks for one."""
    asked = {"browser", "browsers"} & set(getattr(item, "fixturenames", ()))
    return bool(asked) or item.get_closest_marker("browser") is not None


def says(item: pytest.Item) -> str:
    """What a proof shows, for people: its docstring's first line, or its name in words."""
    lines = (getattr(getattr(item, "function", None), "__doc__", None) or "").strip().splitlines()
    return lines[0].strip() if lines else item.name.removeprefix("test_").replace("_", " ")


def judge(reports: list[pytest.TestReport]) -> tuple[str, str]:
    """What the three parts of a proof come to, and the cause where it is not "passed"."""
    words = {"setup": "Before the proof began: ", "call": "", "teardown": "Cleaning up after it: "}
    for report in reports:
        if report.failed:
            return "failed", in_few_lines(words[report.when or "call"] + cause(report))
    for report in reports:
        if hasattr(report, "wasxfail"):
            return "failed", in_few_lines(f"known to fail: {report.wasxfail}")
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else "skipped"
            return "not-run", in_few_lines(reason.removeprefix("Skipped: "))
    if not any(report.when == "call" for report in reports):
        return "not-run", "it was not carried out"
    return "passed", ""


def cause(report: pytest.TestReport) -> str:
    """Why it failed: the assertion's words, and the line of the proof where it happened."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return str(report.longrepr)
    message = crash.message.removeprefix("AssertionError: ").removeprefix("Failed: ")
    few = in_few_lines(message, LINES - 1)
    file = Path(report.location[0]).name
    entries = getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", [])
    places = [entry.reprfileloc for entry in entries if getattr(entry, "reprfileloc", None)]
    lines = [place.lineno for place in places if Path(place.path).name == file]
    return f"{few}\n({file}, line {lines[-1]})" if lines else few


def in_few_lines(text: str, most: int = LINES) -> str:
    """At most so many lines, none of them endless."""
    lines = [line[:WIDTH] + ("..." if len(line) > WIDTH else "") for line in text.splitlines()]
    return "\n".join(lines if len(lines) <= most else [*lines[: most - 1], "..."])


def _name(nodeid: str) -> str:
    return nodeid.partition("::")[2]
