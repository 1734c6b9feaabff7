# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one kind of error that a person is meant to read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where something is wrong: a file and, if known, its line (counted from 1)."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class NatmError(Exception):
    """Something a person can mend: what is wrong, where, and what to do.

    `code` is stable and for programs (`stack.unknown-platform`); the words may improve.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        hint: str | None = None,
        where: Place | str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        lines = [self.message]
        if self.where is not None:
            lines.append(f"at:   {self.where}")
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class UsageError(NatmError):
    """The command itself was given wrongly; exit code 2."""


class Interrupted(NatmError):
    """A person stopped the command; exit code 130."""
