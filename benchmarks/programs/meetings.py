# SPDX-License-Identifier: AGPL-3.0-or-later
"""In the verifier's browser image, beside the server: people in rooms, ours and the demo's.

The first line says where both are; each line after it is one order, and each answer one line.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from typing import Any

from playwright.sync_api import Page, sync_playwright

from natm_stack.checks import web
from natm_stack.checks.chromium import FLAGS, PROGRAM, resolver_rules, trust
from natm_stack.checks.job import Stack
from natm_stack.checks.videoroom import Device

MS = 90_000
DEMO = "demo.localhost"
"""Browsers give a camera to pages of this machine without TLS; the rule below leads elsewhere."""
# Both sides are counted alike: at the browser's own connections.
COUNTING = """
const Own = RTCPeerConnection;
window.connections = [];
window.RTCPeerConnection = class extends Own {
    constructor(...given) { super(...given); window.connections.push(this); }
};
"""
# Pictures of others: our own camera is the one that Chromium makes up.
OTHERS = """() => [...document.querySelectorAll("video")].filter((video) => {
    const track = video.srcObject?.getVideoTracks?.()[0];
    return track && !track.label.startsWith("fake_device");
}).map((video) => video.getVideoPlaybackQuality().totalVideoFrames)"""
FIRST_FRAME = f"""(key) => new Promise((done, fail) => {{
    const others = {OTHERS}, began = performance.now();
    const look = () => {{
        const passed = performance.now() - began;
        if (others().some((frames) => frames > 0)) done(passed);
        else if (passed > {MS}) fail(new Error("no frame came"));
        else setTimeout(look, 20);
    }};
    document.querySelector(key).click();
    look();
}})"""
BYTES = """async () => {
    const sum = { sent: 0, received: 0 };
    for (const one of connections) {
        for (const part of (await one.getStats()).values()) {
            if (part.type === "outbound-rtp") sum.sent += part.bytesSent;
            if (part.type === "inbound-rtp") sum.received += part.bytesReceived;
        }
    }
    return sum;
}"""
WEIGHT = """() => {
    const all = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
    const sum = (what) => all.reduce((before, one) => before + one[what], 0) / 1000;
    return { files: all.length, kB: sum("decodedBodySize"), sent_kB: sum("transferSize") };
}"""


class Ours:
    """Our page: the lobby, then in."""

    key = "[data-action=join]"

    def __init__(self, stack: Stack, asked: dict[str, Any]) -> None:
        with web.client(stack) as client:
            lead = Device(stack, "video", client)
            who = {"name": asked["name"], "password": asked["password"]}
            assert lead.ask("POST", "/session", who).status_code == 200
            made = lead.ask("POST", "/rooms", {"title": "Measured"})
            assert made.status_code == 201, made.text
        self.address = f"{stack.url('video')}/{made.json()['link']}"

    def ready(self, page: Page, number: int, listening: bool, mode: str) -> None:
        """As far as the key that leads in."""
        page.add_init_script(f"localStorage.setItem('natm-mode', '\"{mode}\"')")
        page.goto(self.address)
        page.locator("#name").fill(f"Person {number}")

    def go(self, page: Page, listening: bool) -> None:
        """In, with camera and microphone, or to listen."""
        page.locator("[data-action=listen]" if listening else self.key).click()
        page.locator("html[data-state=in]").wait_for(state="attached")


class Demo:
    """The packaged demo page: start, a name, then in. It asks for the camera only then."""

    key = "#register"

    def ready(self, page: Page, number: int, listening: bool, mode: str) -> None:
        """As far as the key that leads in."""
        only = "&subscriber-mode=true" if listening else ""
        page.goto(f"http://{DEMO}:8000/videoroomtest.html?simulcast=true{only}")
        page.locator("#start").click()
        page.locator("#username").fill(f"Person{number}")

    def go(self, page: Page, listening: bool) -> None:
        """In."""
        page.locator(self.key).click()


class People:
    """Everybody who is in a room now."""

    def __init__(self, browser: Any, sides: dict[str, Any]) -> None:
        self._browser, self._sides = browser, sides
        self._pages: list[Page] = []

    def _page(self) -> Page:
        context = self._browser.new_context(locale="en-GB")
        context.set_default_timeout(MS)
        context.add_init_script(COUNTING)
        page: Page = context.new_page()
        return page

    def fill(self, side: str, senders: int, listeners: int, mode: str) -> dict[str, Any]:
        """So many come in; done when each sees all senders but themselves."""
        wanted = []
        for number in range(senders + listeners):
            listening = number >= senders
            page = self._page()
            self._sides[side].ready(page, number, listening, mode)
            self._sides[side].go(page, listening)
            self._pages.append(page)
            wanted.append(senders - (not listening))
        for page, want in zip(self._pages, wanted, strict=True):
            page.wait_for_function(f"() => ({OTHERS})().filter((n) => n > 0).length >= {want}")
        return {"people": len(self._pages)}

    def bytes_(self) -> dict[str, Any]:
        """What all connections carried until now, by our own count, how many pictures of others
        each page showed, and when that was."""
        found = [page.evaluate(BYTES) for page in self._pages]
        return {"at": time.monotonic(), "frames": [sum(page.evaluate(OTHERS))
                                                   for page in self._pages],
                **{way: sum(one[way] for one in found) for way in ("sent", "received")}}

    def click(self, side: str, times: int) -> dict[str, Any]:
        """From the click to the first frame of the person who is inside, so many times over."""
        took = []
        for number in range(times):
            page = self._page()
            self._sides[side].ready(page, 100 + number, False, "full")
            page.wait_for_timeout(2500)
            took.append(page.evaluate(FIRST_FRAME, self._sides[side].key))
            page.context.close()
        return {"median_ms": statistics.median(took), "ms": [round(one) for one in took]}

    def weight(self) -> dict[str, Any]:
        """What the page of somebody who is inside has loaded."""
        found: dict[str, Any] = self._pages[0].evaluate(WEIGHT)
        return found

    def empty(self) -> dict[str, Any]:
        """Everybody leaves."""
        while self._pages:
            self._pages.pop().context.close()
        return {}


def main() -> None:
    """Follow orders until there are no more."""
    asked = json.loads(sys.stdin.readline())
    host, address = f"video.{asked['domain']}", asked["address"]
    stack = Stack(asked["domain"], asked["ca_file"], (address, 443), {"video": host},
                  {"video": f"https://{host}"}, {},
                  {"3478/udp": (address, 3478), "5349/tcp": (address, 5349)})
    rules = ", ".join([*(f"MAP {DEMO}:{port} {address}:{port}" for port in (8000, 8188)),
                       resolver_rules(stack)])
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        trust(stack.ca_file, home)
        browser = playwright.chromium.launch(
            executable_path=PROGRAM, args=[*FLAGS, f"--host-resolver-rules={rules}"],
            env={**os.environ, "HOME": home}, timeout=MS)
        people = People(browser, {"ours": Ours(stack, asked), "demo": Demo()})
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            order = json.loads(line)
            print(json.dumps(getattr(people, order.pop("do"))(**order)), flush=True)
        people.empty()


main()
