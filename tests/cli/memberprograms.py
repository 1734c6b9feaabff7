# SPDX-License-Identifier: AGPL-3.0-or-later
"""The member programs of a stack, as stand-ins that note what they were asked."""

from __future__ import annotations

from typing import Any

from natm_stack.testing.fakes import MemoryServer

Answer = dict[str, Any]


class Platforms:
    """The member programs of a stack: what they were asked, and answers by platform and action."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, list[tuple[str, str, Answer]]()
        self.server = MemoryServer(members=self._members)

    def _members(self, asked: Any) -> Any:
        return {id_: [self._one(id_, step) for step in steps]
                for id_, steps in asked["chains"].items()}

    def _one(self, id_: str, step: Any) -> Answer:
        self.asked.append((id_, step["action"], step["data"]))
        given = self.answers.get(f"{id_}_{step['action']}", {"ok": True})
        answer: Answer = given(step["data"]) if callable(given) else given
        return answer

    def actions(self, id_: str) -> list[str]:
        """What one platform was told to do."""
        return [action for platform, action, _data in self.asked if platform == id_]

    @property
    def told(self) -> list[tuple[str, str, Answer]]:
        """What the account platform was asked; the others were only asked for earlier names."""
        return [one for one in self.asked if one[0] == "identity"]
