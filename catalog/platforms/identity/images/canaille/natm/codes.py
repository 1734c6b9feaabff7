# SPDX-License-Identifier: AGPL-3.0-or-later
"""Codes of a second factor: one fits once, and guessing is slow. No server is needed for these."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable

STEP_S = 30
# Telephones' clocks differ: the code before and the one after fit too.
AROUND = (0, -1, 1)
# Only who knows the password gets as far as this. Five may be wrong, then the wait doubles.
FREE, FIRST_WAIT_S, LONGEST_S = 5, 60, 3600


class Codes:
    """What was tried lately, of everyone."""

    def __init__(self) -> None:
        self._wrong: dict[str, tuple[int, float]] = {}
        self._used: dict[str, int] = {}
        self._turn = threading.Lock()

    def wait(self, name: str, now: float) -> int:
        """For how many seconds no code of this member is looked at."""
        count, last = self._wrong.get(name, (0, 0.0))
        if count < FREE:
            return 0
        # Not two to the power of everything somebody ever guessed.
        pause = min(FIRST_WAIT_S * 2 ** min(count - FREE, 10), LONGEST_S)
        return max(0, int(last + pause - now + 0.999))

    def fits(self, name: str, code: str, code_at: Callable[[int], str], now: float) -> bool:
        """Whether it is this member's code of now; the same one does not fit again."""
        with self._turn:
            if self.wait(name, now):
                return False
            here = int(now // STEP_S)
            for step in (here + offset for offset in AROUND):
                if (hmac.compare_digest(code.encode(), code_at(step).encode())
                        and step > self._used.get(name, 0)):
                    self._used[name] = step
                    self._wrong.pop(name, None)
                    return True
            self._wrong[name] = (self._wrong.get(name, (0, 0.0))[0] + 1, now)
            return False
