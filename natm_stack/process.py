# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one gate to other programs: argument vectors only, no shell on this side."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .errors import NatmError
from .i18n import _


@dataclass(frozen=True)
class Completed:
    """A program that ended: its words, exit code, output and duration in seconds."""

    argv: tuple[str, ...]
    code: int
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)
    seconds: float


class Held(Protocol):
    """A program that stays, and ends when its standard input is closed."""

    @property
    def fileno(self) -> int: ...
    def read_line(self) -> str: ...
    def errors(self) -> str: ...
    def tell(self, words: str) -> bool: ...
    def close(self, last: str = "") -> int: ...


class Runner(Protocol):
    """Runs programs. Tests pass one that only records."""

    def run(
        self, argv: Sequence[str], *, stdin: str = "", env: Mapping[str, str] | None = None,
        cwd: Path | None = None, keep_open: Sequence[int] = (), timeout: float | None = None,
    ) -> Completed: ...

    def hold(self, argv: Sequence[str], *, stdin: str = "") -> Held: ...


class SubprocessRunner:
    """Runs programs for real."""

    def run(
        self, argv: Sequence[str], *, stdin: str = "", env: Mapping[str, str] | None = None,
        cwd: Path | None = None, keep_open: Sequence[int] = (), timeout: float | None = None,
    ) -> Completed:
        """Run to the end and return what it said; a missing program or a time-out is an error."""
        started = time.monotonic()
        try:
            done = subprocess.run(
                list(argv), input=stdin, text=True, encoding="utf-8", errors="replace",
                capture_output=True, cwd=cwd, pass_fds=tuple(keep_open), timeout=timeout,
                env={**os.environ, **(env or {})}, check=False,
            )
        except FileNotFoundError as error:
            raise _missing(argv[0]) from error
        except subprocess.TimeoutExpired as error:
            raise NatmError(
                _("{program} gave no answer within {seconds:.0f} s").format(
                    program=argv[0], seconds=error.timeout),
                code="process.timeout",
                hint=_("check the connection to the server and try again"),
            ) from error
        return Completed(
            tuple(argv), done.returncode, done.stdout, done.stderr, time.monotonic() - started)

    def hold(self, argv: Sequence[str], *, stdin: str = "") -> Held:
        """Start a program that lives until its standard input is closed."""
        try:
            process = subprocess.Popen(
                list(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace",
                # Ctrl-C goes to the whole foreground group; the one who holds a lock stays.
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise _missing(argv[0]) from error
        return _HeldProcess(process, stdin)


class _HeldProcess:
    def __init__(self, process: subprocess.Popen[str], stdin: str) -> None:
        self.process = process
        assert process.stdin is not None
        try:
            process.stdin.write(stdin)
            process.stdin.flush()
        except BrokenPipeError:
            pass  # It ended at once; read_line() and errors() say why.

    @property
    def fileno(self) -> int:
        assert self.process.stdin is not None
        return self.process.stdin.fileno()

    def read_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def tell(self, words: str) -> bool:
        """Say something to it; False where it has ended already."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(words)
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            return False
        return self.process.poll() is None

    def close(self, last: str = "") -> int:
        try:
            self.process.communicate(last, timeout=10)
        except (subprocess.TimeoutExpired, BrokenPipeError, ValueError):
            self.process.kill()
        return self.process.wait()


def _missing(program: str) -> NatmError:
    return NatmError(
        _("the program {program} is not installed on this computer").format(program=program),
        code="process.missing", hint=_("install it and run the command again"),
    )
