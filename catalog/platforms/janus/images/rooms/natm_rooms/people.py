# SPDX-License-Identifier: AGPL-3.0-or-later
"""One person in a meeting, as the service knows them and as the others see them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .outbox import Outbox

STATES = ("hand", "audio", "video", "screen", "weak")


@dataclass(frozen=True)
class Who:
    """Who asks to come in: the device, what they are called, and the account, if any."""

    device: str
    address: str
    name: str
    account: str = ""
    steward: bool = False
    session: str = field(default="", repr=False)


@dataclass
class Person:
    """A person of a meeting; `live` and `media` are their two open sockets.

    `sounds` are what they send, each as feed and mid; `closed` are those a steward has closed, and
    `muted` are the feeds whose sound stays closed, whenever it comes.
    """

    who: Who
    id: str = field(default_factory=lambda: f"p{secrets.token_hex(6)}")
    state: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(STATES, False))
    present: bool = False
    asked: float = field(default_factory=time.monotonic)
    leaves: float | None = None
    muted: set[str] = field(default_factory=set)
    live: Outbox | None = None
    media: Callable[[], None] | None = None
    sounds: set[tuple[str, str]] = field(default_factory=set)
    closed: set[tuple[str, str]] = field(default_factory=set)

    @property
    def feeds(self) -> tuple[str, str]:
        """What they are called in Janus: with camera and microphone, and with a screen."""
        return self.id, f"{self.id}-screen"

    def you(self) -> dict[str, Any]:
        """What a person is told of themselves."""
        return {"id": self.id, "name": self.who.name, "steward": self.who.steward,
                "member": bool(self.who.account)}

    def shown(self) -> dict[str, Any]:
        """What everybody in the room sees."""
        return {**self.you(), **self.state}

    def tell(self, type_: str, **more: Any) -> None:
        """Send a message on the person's live channel, if it is open just now."""
        if self.live is not None:
            self.live.put(json.dumps({"type": type_, **more}, ensure_ascii=False))

    def hang_up(self) -> None:
        """Close both sockets; what was said before still goes out on the live one."""
        live, self.live = self.live, None
        if live is not None:
            live.close()
        self.stop_media()

    def stop_media(self) -> None:
        """Close the socket to Janus; Janus then forgets all it has of this person."""
        stop, self.media = self.media, None
        self.sounds.clear()
        self.closed.clear()
        if stop is not None:
            stop()
