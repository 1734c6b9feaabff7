# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs the proofs of all platforms at once, a process for each, and gathers what came of them."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO, Any

from .job import Job, PlatformJob
from .record import CLEANUP_SECONDS, WHOLE, in_few_lines
from .redact import Redactor

KIND = "proofs/1"
AT_ONCE, BROWSERS_AT_ONCE = 8, 2
"""Platforms proved at the same time; a browser takes some 300 MiB, so two of them."""
GRACE_SECONDS = 2 * CLEANUP_SECONDS
"""A proof that its own time limit could not stop is ended, with its process, after this long."""

PYTEST_ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
"""pytest as we know it, whatever plugins and options come with the packages around it."""

Event = dict[str, Any]


class Record:
    """What is known of one platform's proofs, in the order in which pytest found them."""

    def __init__(self) -> None:
        self._proofs: dict[str, dict[str, Any]] = {}
        self.current: str | None = None
        self.since = time.monotonic()
        self.ended = False

    def take(self, event: Event) -> None:
        """Learn from one event."""
        kind, name = event["event"], event.get("proof", "")
        self.ended = self.ended or kind == "end"
        if kind == "planned":
            self.plan(name, event["says"], event["needs_browser"])
        elif kind == "begun":
            self.current, self.since = name, time.monotonic()
        elif kind == "result":
            self.settle(name, event["outcome"], event["detail"], event["seconds"])
            self.current, self.since = None, time.monotonic()

    def plan(self, name: str, says: str, needs_browser: bool) -> None:
        """A proof that should be carried out."""
        self._proofs[name] = {"proof": name, "says": says, "outcome": None, "seconds": 0.0,
                              "detail": "", "needs_browser": needs_browser}

    def settle(self, name: str, outcome: str, detail: str, seconds: float = 0.0) -> None:
        """What came of a proof."""
        self._proofs[name].update(outcome=outcome, detail=detail, seconds=seconds)

    def cut_short(self, cause: str) -> None:
        """The process ended early: blame the proof that was running; the rest were not run."""
        if self.current:
            self.settle(self.current, "failed", cause, round(time.monotonic() - self.since, 2))
        else:
            self.plan(WHOLE, "The proofs could be carried out to the end.", False)
            self.settle(WHOLE, "failed", cause)
        for name, proof in self._proofs.items():
            if proof["outcome"] is None:
                self.settle(name, "not-run", "an earlier proof brought the run to its end")

    def results(self) -> list[dict[str, Any]]:
        """Every proof with its outcome."""
        return list(self._proofs.values())


def run(job: Job, folder: str) -> dict[str, Any]:
    """Carry out all proofs in the folder; the answer, free of passwords."""
    began = time.monotonic()
    deadline = began + job.run_seconds
    with_browser = any(platform.browser for platform in job.platforms)
    with ThreadPoolExecutor(BROWSERS_AT_ONCE if with_browser else AT_ONCE) as pool:
        running = {
            platform.id: pool.submit(_prove, job, platform, folder, deadline)
            for platform in job.platforms
        }
        platforms = {id_: future.result() for id_, future in running.items()}
    answer = {"kind": KIND, "seconds": round(time.monotonic() - began, 2), "platforms": platforms}
    redacted: dict[str, Any] = Redactor(job.passwords).value(answer)
    return redacted


def _prove(job: Job, platform: PlatformJob, folder: str, deadline: float) -> list[dict[str, Any]]:
    record = Record()
    with tempfile.TemporaryFile() as log:
        process = _start(json.dumps(job.slice(platform.id)), folder, log)
        try:
            cause = _follow(process, record, platform.proof_seconds + GRACE_SECONDS, deadline)
        finally:
            _end(process)
        if not record.ended:
            record.cut_short(cause or _last_words(log, process.returncode))
    return record.results()


def _start(request: str, folder: str, log: IO[bytes]) -> subprocess.Popen[str]:
    """A process with a group of its own, so that its browser ends with it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "natm_stack.checks.child", folder],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, encoding="utf-8",
        start_new_session=True, env={**os.environ, **PYTEST_ALONE},
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # It died at once; its exit code and last words tell why.
        process.stdin.write(request)
        process.stdin.close()
    return process


def _follow(
    process: subprocess.Popen[str], record: Record, patience: float, deadline: float
) -> str | None:
    """Take events until there are no more; why it had to be given up, or None."""
    events: queue.Queue[Event | None] = queue.Queue()
    threading.Thread(target=_pump, args=(process, events), daemon=True).start()
    while True:
        limit = min(deadline, record.since + patience)
        try:
            event = events.get(timeout=max(0.0, limit - time.monotonic()))
        except queue.Empty:
            if limit == deadline:
                return "The time for the whole run was over."
            return "It did not stop at its time limit and was ended."
        if event is None:
            return None
        record.take(event)


def _pump(process: subprocess.Popen[str], events: queue.Queue[Event | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        events.put(json.loads(line))
    events.put(None)


def _end(process: subprocess.Popen[str]) -> None:
    """End what is left of the process and of all it started; each leads its own group."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=2)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_words(log: IO[bytes], code: int | None) -> str:
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").strip().splitlines()[-12:]
    return in_few_lines("\n".join([f"The run broke off (exit code {code}).", *lines]))
