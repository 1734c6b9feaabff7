# SPDX-License-Identifier: AGPL-3.0-or-later
"""A meeting seen from outside the server, by real browsers: media come through the published ports.

Runs in the verifier's browser image on the test's own machine. One JSON object on standard input
says where the server is; a line each time says what happened there; answers are JSON lines.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from natm_stack.checks import web
from natm_stack.checks.chromium import Chromium
from natm_stack.checks.job import Stack
from natm_stack.checks.videoroom import Device, all_meet, enter, relays_used


def say(**what: Any) -> None:
    """Tell the test."""
    print(json.dumps(what), flush=True)


def main() -> None:
    """Three meet; Janus is restarted; the three come back by themselves, and a fourth comes in."""
    asked = json.loads(sys.stdin.readline())
    host, address = f"video.{asked['domain']}", asked["address"]
    stack = Stack(asked["domain"], asked["ca_file"], (address, 443), {"video": host},
                  {"video": f"https://{host}"}, {},
                  {port: (address, int(port.partition("/")[0]))
                   for port in ("3478/udp", "3478/tcp", "5349/tcp")})
    with Chromium(stack) as chromium, web.client(stack) as client:
        lead = Device(stack, "video", client)
        signed = lead.ask("POST", "/session", {"name": asked["name"],
                                               "password": asked["password"]})
        assert signed.status_code == 200, signed.text
        made = lead.ask("POST", "/rooms", {"title": "From outside"})
        assert made.status_code == 201, made.text
        link = f"https://{host}/{made.json()['link']}"
        pages = [chromium.page() for _n in range(3)]
        for number, page in enumerate(pages):
            # One of them as behind a strict network: by nothing but the relay inside TLS.
            enter(page, link + ("#relay=tls" if number == 2 else ""), f"Person {number}")
        all_meet(pages, 2)
        say(event="met", relayed=sorted(relays_used(pages[2])))
        sys.stdin.readline()
        for page in pages:
            page.wait_for_function("() => natmRoom.state === 'in' && natmRoom.reconnects > 0",
                                   timeout=60_000)  # 5 to 15 s where the machine has time
        say(event="back")
        all_meet(pages, 2)
        pages.append(chromium.page())
        enter(pages[3], link, "Person 3")
        all_meet(pages, 3, 90)
        say(event="four")


main()
