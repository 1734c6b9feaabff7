# SPDX-License-Identifier: AGPL-3.0-or-later
"""Video rooms as a page uses them: coming in, the room's channel, Janus through the service."""

from __future__ import annotations

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .account import sign_in_page
from .job import Member, Stack
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

    def settle(self) -> None:
        """Wait until all that was said before has been heard."""
        self.say("ping")
        self.wait("pong")

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


# What Janus must not do for a page, whatever it is asked.
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


def allowed(own: Device, link: str) -> list[str]:
    """What of all that Janus does for a page although it must not."""
    done = []
    for what, message in FORBIDDEN.items():
        talk = Talk(own.media(link, own.ticket(link, "Guest"))).begin()
        try:
            answer = talk.ask(message)
        except (SocketClosed, OSError):
            continue
        if answer["janus"] != "error" and "error_code" not in str(answer):
            done.append(what)
        talk.close()
    return done


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


def with_session(device: Device, member: Member, kept: dict[str, dict[str, str]]) -> Device:
    """Sign in with an account of the platform's own; `kept` holds the sessions from before."""
    if member.name not in kept:
        answer = device.ask("POST", "/session", {"name": member.name, "password": member.password})
        assert answer.status_code == 200, f"a member could not sign in: {answer.text}"
        kept[member.name] = dict(device.client.cookies)
    for key, value in kept[member.name].items():
        device.client.cookies.set(key, value, domain=urlsplit(device.origin).hostname or "")
    return device


def written_in_turn(channels: list[Live], marker: str) -> list[tuple[int, str]]:
    """People write in turn, and all read the same in the same order: what they read."""
    for number in range(12):
        channels[number % len(channels)].say("chat", text=f"{marker} {number}", mid=f"m{number}")
    seen = [[c.wait("chat") for _ in range(12)] for c in channels]
    orders = [[(said["n"], said["text"]) for said in one] for one in seen]
    assert all(one == orders[0] for one in orders), "not everybody read the same order"
    assert [n for n, _ in orders[0]] == list(range(1, 13)), "the numbers have gaps"
    for writer in range(len(channels)):
        own = [int(text.split()[1]) for _, text in orders[0]]
        own = [number for number in own if number % len(channels) == writer]
        assert own == sorted(own), "one's words were turned"
    return orders[0]


def known_to_each_other(member: Device, steward: Device, link: str) -> None:
    """A member is in a room under their own name, a steward leads it, and they see each other."""
    shown = member.ask("GET", "/me").json()["display_name"]
    live = member.live(link, member.ticket(link, "Somebody else"))
    you = live.wait("welcome")["you"]
    assert (you["name"], you["member"], you["steward"]) == (shown, True, False), f"it is {you}"
    lead = steward.live(link, steward.ticket(link, ""))
    welcome = lead.wait("welcome")
    assert welcome["you"]["steward"] is True, "a steward does not lead"
    assert shown in [p["name"] for p in welcome["people"]], "others see another name"
    lead.close()
    live.close()


def guest_link_opens(guest: Device, steward: Device, link: str, other: str) -> None:
    """A guest's link opens its own room and not one for members, ends, and is taken back."""
    made = steward.ask("POST", f"/rooms/{link}/invite", {"hours": 1})
    assert made.status_code == 201, f"no guest link was made: {made.text}"
    assert 0 < made.json()["ends"] - time.time() <= 3600, "the guest link has no end"
    invite = made.json()["invite"]
    assert code(guest.join(link, "Guest")) == "403 invite_needed"
    assert code(guest.join(other, "Guest", invite=invite)) == "403 members_only"
    ends, _, signature = invite.partition(".")
    later = f"{int(ends) + 3600}.{signature}"
    assert code(guest.join(link, "Guest", invite=later)) == "403 invite_over", "an end was moved"
    assert guest.join(link, "Guest", invite=invite).status_code == 200, "a guest link is not good"
    assert steward.ask("DELETE", f"/rooms/{link}/invite").status_code == 204
    assert code(guest.join(link, "Guest", invite=invite)) == "403 invite_over", "it is good again"


def by_the_account(page: Page, address: str, member: Member) -> None:
    """Sign in from the page where one account opens all platforms."""
    page.goto(address)
    assert page.locator("input[type=password]:visible").count() == 0, "there is a second box"
    page.locator("#to-sign-in").click(timeout=BROWSER_MS)
    sign_in_page(page, member)
    page.locator("#to-sign-out").wait_for(timeout=BROWSER_MS)
    assert page.url == address, f"the sign-in led to {page.url}"
    assert page.locator("[data-action=sign-out]:visible").count() == 0, "two ways out"


def by_the_form(page: Page, address: str, member: Member) -> None:
    """Sign in on the page itself, with an account of the platform's own."""
    page.goto(address)
    page.locator("#sign-in summary").click(timeout=BROWSER_MS)
    page.locator("#sign-in-name").fill(member.name)
    page.locator("#sign-in-password").fill(member.password)
    page.locator("[data-action=sign-in]").click()
    page.locator("[data-action=sign-out]").wait_for(timeout=BROWSER_MS)


def screens_seen(page: Page, seconds: float) -> list[int]:
    """Frames of shared screens that a page has decoded, as soon as there are some."""
    end = time.monotonic() + seconds
    frames: list[int] = []
    while time.monotonic() < end and not any(count > 2 for count in frames):
        page.wait_for_timeout(1000)
        feeds = stats(page)["feeds"]
        frames = [f["frames"] for id_, f in feeds.items() if id_.endswith("-screen")]
    return frames


def enter(page: Page, address: str, name: str) -> None:
    """Go to a room as people do, through the lobby."""
    page.goto(address)
    page.locator("#name").fill(name, timeout=BROWSER_MS)
    go_in(page)


def an_hour_late(page: Page) -> Page:
    """A device whose clock is an hour behind, as scripts of a page see it."""
    page.add_init_script("const now = Date.now; Date.now = () => now() - 3600000;")
    return page


def come(browsers: Callable[[], Page], address: str, *ways: str) -> list[Page]:
    """As many people go to a room, each with what their address ends with."""
    pages = [browsers() for _ in ways]
    for number, (page, way) in enumerate(zip(pages, ways, strict=True)):
        enter(page, address + way, f"Person {number}")
    return pages


def go_in(page: Page) -> None:
    """From the lobby into the room."""
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


def relays_used(page: Page) -> set[Any]:
    """By which ways to the relay media goes and comes; False stands for none."""
    said = stats(page)
    return {said["sent"]["relay"], *(feed["relay"] for feed in said["feeds"].values())}


def led(who: Device, link: str) -> dict[str, str]:
    """What somebody is told who does all that is for stewards."""
    room = f"/rooms/{link}"
    return {f"{method} {path}": code(who.ask(method, path, said)) for method, path, said in (
        ("GET", "/rooms", None), ("POST", "/rooms", {"title": "Mine"}),
        ("PATCH", room, {"locked": True}), ("DELETE", room, None), ("POST", f"{room}/end", {}),
        ("POST", f"{room}/invite", {}), ("DELETE", f"{room}/invite", None))}


def flood(device: Device, link: str, times: int) -> Counter[int]:
    """Ask to be let in so many times, as fast as it goes, each time as somebody new: how often
    which status was the answer."""
    def once(number: int) -> int:
        device.client.cookies.clear()
        return device.join(link, f"Flood {number}").status_code

    with ThreadPoolExecutor(4) as pool:
        return Counter(pool.map(once, range(times)))


def goes_on(pages: list[Page], meanwhile: Callable[[], Counter[int]]) -> Counter[int]:
    """What something brings; all that time, pictures and sound go on and no connection breaks."""
    before, started = [stats(page) for page in pages], time.monotonic()
    found = meanwhile()
    after, took = [stats(page) for page in pages], time.monotonic() - started
    for one, other in zip(before, after, strict=True):
        assert len(seen_and_heard(one, other, took)) == len(pages) - 1, \
            f"pictures stopped in these {took:.0f} s: {one}, {other}"
    states = [page.evaluate("() => [natmRoom.state, natmRoom.reconnects]") for page in pages]
    assert states == [["in", 0]] * len(pages), f"a connection broke: {states}"
    return found


def comes_in(device: Device, link: str, seconds: float) -> bool:
    """Whether somebody is let in within that time."""
    end = time.monotonic() + seconds
    while device.join(link, "Late").status_code != 200:
        if time.monotonic() > end:
            return False
        time.sleep(1)
    return True
