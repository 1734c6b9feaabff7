# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many letters may go off. Nothing but counting, so that it can be tested."""

from __future__ import annotations

# To one member so many in a day, and no second one while the first may still be under way.
PAUSE_S, A_DAY, DAY_S = 300, 5, 86400
# To all members together so many in ten minutes: a flood would be taken for spam.
TOGETHER, TOGETHER_S = 60, 600


class Letters:
    """Which went off lately."""

    def __init__(self) -> None:
        self._sent: dict[str, list[float]] = {}

    def may_go(self, name: str, now: float) -> bool:
        """Whether one to this member may go now; it counts from here on."""
        self._sent = {one: kept for one, at in self._sent.items()
                      if (kept := [when for when in at if now - when < DAY_S])}
        own = self._sent.get(name, [])
        together = sum(now - when < TOGETHER_S for at in self._sent.values() for when in at)
        if together >= TOGETHER or len(own) >= A_DAY or (own and now - own[-1] < PAUSE_S):
            return False
        self._sent[name] = [*own, now]
        return True
