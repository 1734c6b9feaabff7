# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why something is not done: a status and a code; the page has the words."""

from __future__ import annotations


class Refused(Exception):
    """A refusal that is answered as JSON."""

    def __init__(self, status: int, code: str, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.retry_after = status, code, retry_after

    def body(self) -> dict[str, object]:
        """What the page reads."""
        error: dict[str, object] = {"code": self.code}
        if self.retry_after is not None:
            error["retry_after"] = self.retry_after
        return {"error": error}


def unknown_room() -> Refused:
    """There is no such room, or there never was."""
    return Refused(404, "unknown_room")


def too_many(seconds: float) -> Refused:
    """Too often in too short a time."""
    return Refused(429, "too_many", max(1, round(seconds + 0.5)))
