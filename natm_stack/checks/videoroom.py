# SPDX-License-Identifier: AGPL-3.0-or-later
"""Video rooms as a page uses them: coming in, the room's channel, Janus through the service."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .job import Stack
from .websocket import SocketClosed, WebSocket

if TYPE_CHECKING:
    import httpx
    from playwright.sync_api import Page

WAIT = 20.0
BROWSER_MS = 45_000
MEET_SECONDS = 60.0


class Device:
    """One device with cookies of its own, as of one more person."""

    def __init__(self, stack: Stack, route: str, client: httpx.Client) -> None:
        self.stack, self.route, self.client = stack, route, client
        self.origin = stack.url(route)

    def ask(
        self, method: str, path: str, body: Any = None, origin: str | None = None
    ) -> httpx.Response:
        """A request as the page makes it."""
        return self.client.request(method, f"{self.origin}/api{path}", json=body,
                                   headers={"origin": origin or self.origin})

    def join(self, link: str, name: str, **more: str) -> httpx.Response:
        """Ask to be let in; the whole answer."""
        return self.ask("POST", f"/rooms/{link}/join", {"name": name, **more})

    def ticket(self, link: str, name: str, **more: str) -> str:
        """Be let in; the ticket."""
        answer = self.join(link, name, **more)
        assert answer.status_code == 200, f"{name} was not let in: {answer.text}"
        return str(answer.json()["ticket"])

    def live(self, link: str, ticket: str, origin: str | None = None) -> Live:
        """The room's own channel."""
        return Live(self._socket(f"/api/rooms/{link}/live?ticket={ticket}", None, origin))

    def media(self, link: str, ticket: str, origin: str | None = None) -> WebSocket:
        """The way to Janus, through the service."""
        return self._socket(f"/api/rooms/{link}/janus?ticket={ticket}", "janus-protocol", origin)

    def _socket(self, path: str, protocol: str | None, origin: str | None) -> WebSocket:
        cookies = "; ".join(f"{c.name}={c.value}" for c in self.client.cookies.jar)
        return WebSocket(self.stack, self.route, path, protocol, headers={
            "Origin": origin or self.origin, "Cookie": cookies})


class Live:
    """Messages of a room's channel."""

    def __init__(self, connection: WebSocket) -> None:
        self._connection = connection

    def say(self, type_: str, **more: Any) -> None:
        """Send one message."""
        self._connection.send(json.dumps({"type": type_, **more}))

    def wait(self, type_: str, seconds: float = WAIT) -> dict[str, Any]:
        """The next message of this type."""
        end = time.monotonic() + seconds
        while True:
            said: dict[str, Any] = json.loads(self._connection.receive(end))
            if said["type"] == type_:
                return said

    def close(self) -> None:
        """Leave."""
        self._connection.close()


class Talk:
    """A conversation with Janus, as a page has it."""

    def __init__(self, connection: WebSocket) -> None:
        self._connection = connection
        self.session = self.handle = 0

    def begin(self) -> Talk:
        """A session and a handle of the video room."""
        self.session = self.ask({"janus": "create"})["data"]["id"]
        attached = self.ask({"janus": "attach", "plugin": "janus.plugin.videoroom"})
        self.handle = attached["data"]["id"]
        return self

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send one message; the answer to it."""
        number = secrets.token_hex(6)
        own = {"session_id": self.session} if self.session else {}
        if message["janus"] in ("message", "trickle"):
            own["handle_id"] = self.handle
        self._connection.send(json.dumps({**own, **message, "transaction": number}))
        end = time.monotonic() + WAIT
        while True:
            said: dict[str, Any] = json.loads(self._connection.receive(end))
            if said.get("transaction") == number and said["janus"] != "ack":
                return said

    def close(self) -> None:
        """End it."""
        self._connection.close()


def body(**request: Any) -> dict[str, Any]:
    """A message to the video room."""
    return {"janus": "message", "body": request}


def code(answer: httpx.Response) -> str:
    """Status and code of a refusal, in one word."""
    with suppress(ValueError, KeyError):
        return f"{answer.status_code} {answer.json()['error']['code']}"
    return str(answer.status_code)


def refused(open_: Callable[[], object]) -> bool:
    """Whether the socket is refused before it opens."""
    try:
        open_()
    except SocketClosed:
        return True
    return False


def enter(page: Page, address: str, name: str) -> None:
    """Go to a room as people do, through the lobby."""
    page.goto(address)
    page.locator("#name").fill(name, timeout=BROWSER_MS)
    page.locator("[data-action=join]").click(timeout=BROWSER_MS)
    page.locator("html[data-state=in]").wait_for(state="attached", timeout=BROWSER_MS)


def stats(page: Page) -> dict[str, Any]:
    """What the page says of its media."""
    said: dict[str, Any] = page.evaluate("() => natmRoom.stats()")
    return said


def seen_and_heard(
    before: dict[str, Any], after: dict[str, Any], seconds: float
) -> list[str]:
    """Feeds whose pictures were decoded and whose sound came, between two looks."""
    good = []
    for id_, feed in after["feeds"].items():
        old = before["feeds"].get(id_, {"frames": 0, "audioBytes": 0})
        if feed["frames"] - old["frames"] >= 2 * seconds \
                and feed["audioBytes"] - old["audioBytes"] > 0:
            good.append(id_)
    return good


def all_meet(pages: list[Page], want: int, seconds: float = MEET_SECONDS) -> None:
    """Wait until each page decodes pictures and gets sound from so many others."""
    end = time.monotonic() + seconds
    counted: list[int] = []
    after: list[dict[str, Any]] = []
    while time.monotonic() < end:
        before = [stats(page) for page in pages]
        pages[0].wait_for_timeout(4000)
        after = [stats(page) for page in pages]
        counted = [len(seen_and_heard(b, a, 4)) for b, a in zip(before, after, strict=True)]
        if all(count >= want for count in counted):
            return
    raise AssertionError(f"seen and heard others: {counted}, wanted {want} each; {after}")


FORBIDDEN = {
    "make a room": body(request="create", room="mine"),
    "list rooms": body(request="list"),
    "list people": body(request="listparticipants", room="x"),
    "remove somebody": body(request="kick", room="x", id="p0"),
    "end a room": body(request="destroy", room="x"),
    "send media away": body(request="rtp_forward", room="x", host="192.0.2.1"),
    "record": body(request="enable_recording", room="x", record=True),
    "use another plugin": {"janus": "attach", "plugin": "janus.plugin.echotest"},
    "take over a session": {"janus": "claim"},
    "look into Janus": {"janus": "info"},
    "use another's session": {"janus": "keepalive", "session_id": 1},
}
