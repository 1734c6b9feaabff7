# SPDX-License-Identifier: AGPL-3.0-or-later
"""Coming back: who was let in comes back past a lock, until the meeting is ended."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from house import House, house
from natm_rooms import meeting


def test_a_restart_locks_nobody_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as before:
            stella = await before.steward()
            link = await before.room(stella, pin="4711")
            guest = before.visitor("Bo")
            await guest.live(link, pin="4711")
            await stella.ask("PATCH", f"/api/rooms/{link}", {"locked": True})
        async with house(tmp_path) as after:
            stella.house = guest.house = after
            await guest.live(link)
            assert await after.visitor().refused_join(link) == (423, "locked")
            assert (await stella.ask("POST", f"/api/rooms/{link}/end", {}))[0] == 200
            assert await guest.refused_join(link) == (423, "locked")

    asyncio.run(scenario())


def test_who_slept_comes_back_into_a_locked_room(
    run: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meeting, "GRACE_CLOSED", 0.1)

    async def scenario(house: House) -> None:
        stella = await house.steward()
        link = await house.room(stella)
        lead = await stella.live(link)
        guest = house.visitor("Bo")
        live = await guest.live(link)
        await stella.ask("PATCH", f"/api/rooms/{link}", {"locked": True})
        await live.socket.close()
        await lead.hear("left")
        await guest.live(link)
        await lead.say("lead", do="remove", id=guest.id)
        await lead.hear("left")
        assert await guest.refused_join(link) == (403, "removed")

    run(scenario)


def test_a_muted_microphone_stays_closed_when_it_is_sent_anew(run: Callable[[Any], None]) -> None:
    async def scenario(house: House) -> None:
        stella = await house.steward()
        link = await house.room(stella)
        lead, guest = await stella.live(link), house.visitor("Bo")
        ticket = (await guest.join(link))["ticket"]
        await guest.live(link, ticket)
        janus = await guest.socket(link, "janus", ticket)
        session = await say(janus, janus="create")
        for number in range(2):
            handle = await say(janus, janus="attach", plugin="janus.plugin.videoroom",
                               session_id=session)
            for body in ({"request": "join", "ptype": "publisher"}, {"request": "publish"}):
                await say(janus, janus="message", session_id=session, handle_id=handle, body=body)
            if number == 0:
                await lead.say("lead", do="mute", id=guest.id)
                await lead.quiet()
                await say(janus, janus="detach", session_id=session, handle_id=handle)
        await asyncio.sleep(0.1)
        assert [asked["mute"] for asked in house.janus.led("moderate")] == [True, True]

    numbers = itertools.count()

    async def say(socket: Any, **message: Any) -> int:
        transaction = f"t{next(numbers)}"
        await socket.send_json({**message, "transaction": transaction})
        while True:
            answer = await socket.receive_json(timeout=4)
            if answer["transaction"] == transaction and (
                    answer["janus"] != "ack" or message["janus"] == "detach"):
                return int(answer.get("data", {}).get("id", 0))

    run(scenario)
