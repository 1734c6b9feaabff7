# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs one platform's proofs with pytest; `runner` starts it, once for each platform.

Standard input: the request, with this platform alone. Standard output: an event a line.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from .job import PlatformJob, read_job
from .record import WHOLE, Emit, Recorder


def main(folder: str) -> int:
    """Run the proofs; the events tell what came of it, the exit code only that it got there."""
    job = read_job(json.load(sys.stdin)).platforms[0]
    emit = _events()
    file = Path(folder, job.file_name)
    if file.is_file():
        status = pytest.main(_options(file), plugins=[Recorder(job, emit)])
        emit({"event": "end", "status": int(status)})
    else:
        _absent(job, emit)
    return 0


def _events() -> Emit:
    """Keep standard output for events; what proofs print goes where errors go."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def emit(event: dict[str, Any]) -> None:
        stream.write(json.dumps(event) + "\n")
        stream.flush()

    return emit


def _options(file: Path) -> list[str]:
    return [
        "-q", "--tb=short", "--color=no", "--strict-markers", "--noconftest",
        "--import-mode=importlib", f"--rootdir={file.parent}", f"--config-file={os.devnull}",
        "-p", "no:cacheprovider", "-p", "natm_stack.checks.plugin", str(file),
    ]


def _absent(job: PlatformJob, emit: Emit) -> None:
    emit({"event": "planned", "proof": WHOLE, "needs_browser": False,
          "says": f"There are proofs for {job.id}."})
    emit({"event": "result", "proof": WHOLE, "outcome": "not-run", "seconds": 0.0,
          "detail": f"the verifier was given no proofs for {job.id}"})
    emit({"event": "end", "status": 0})


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
