# SPDX-License-Identifier: AGPL-3.0-or-later
"""Coming into a room: who may, who may not and why, and what a ticket is good for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from house import House, until
from natm_rooms.turn import ice_servers

Run = Callable[[Any], None]
NOBODYS = "zebra-zebra-zebra-zebra-zebra"


def test_a_guest_comes_in_by_the_link(run: Run) -> None:
    async def scenario(house: House) -> None:
        stella = await house.steward()
        link = await house.room(stella)
        assert re.fullmatch(r"[a-z]+(-[a-z]+){4}", link)
        guest = house.visitor("  Bo\u202e  K ")
        told = await guest.join(link)
        assert told["you"] == {"id": guest.id, "name": "Bo K", "steward": False, "member": False}
        assert told["expires_in"] == 60
        assert told["room"]["title"] == "Garden"
        assert {url.partition(":")[0] for one in told["ice_servers"] for url in one["urls"]} == {
            "turn", "turns"}
        live = await guest.live(link, told["ticket"])
        assert live.welcome["people"][0]["name"] == "Bo K"
        made = house.janus.led("create")[0]
        assert made["publishers"] == 20
        assert made["require_pvtid"] is True
        assert made["bitrate_cap"] is True
    run(scenario)


def test_the_relay_counts_places_by_address_and_is_told_none(run: Run) -> None:
    def known(address: str, now: float) -> str:
        (told,) = ice_servers("video.example.org", "secret", address, now)
        return str(told["username"]).partition(":")[2]

    async def scenario(house: House) -> None:
        link = await house.room(await house.steward())
        names = [(await house.visitor(address="203.0.113.77").join(link))["ice_servers"][0]
                 ["username"] for _ in range(2)]
        assert len({name.partition(":")[2] for name in names}) == 1
        assert "203.0.113.77" not in names[0]
    run(scenario)
    assert known("203.0.113.1", 1.0) == known("203.0.113.1", 9999.0) != known("203.0.113.2", 1.0)


def test_a_signed_in_members_name_is_confirmed(run: Run) -> None:
    async def scenario(house: House) -> None:
        link = await house.room(await house.steward())
        house.account("ada")
        ada = house.visitor("Somebody Else")
        await ada.sign_in("ada")
        assert (await ada.join(link))["you"] == {"id": ada.id, "name": "Ada", "steward": False,
                                                 "member": True}
    run(scenario)


@pytest.mark.parametrize("name", ["", "   ", "\u202e\u2066", "x" * 61, 7, None, ["x"]])
def test_a_name_is_needed(run: Run, name: Any) -> None:
    async def scenario(house: House) -> None:
        link = await house.room(await house.steward())
        assert await house.visitor().refused_join(link, name=name) == (403, "bad_name")
    run(scenario)


@pytest.mark.parametrize("link", [NOBODYS, "one-two", "x", "..%2f..%2fx", "a-b-c-d-e-f"])
def test_a_room_that_is_not_there_is_unknown(run: Run, link: str) -> None:
    async def scenario(house: House) -> None:
        assert await house.visitor().refused_join(link) == (404, "unknown_room")
    run(scenario)


def test_a_pin_is_asked_for_and_few_wrong_ones_are_heard(run: Run) -> None:
    async def scenario(house: House) -> None:
        link = await house.room(await house.steward(), pin="4711")
        guest = house.visitor()
        assert await guest.refused_join(link) == (403, "pin_needed")
        for _ in range(6):
            assert await guest.refused_join(link, pin="0815") == (403, "pin_wrong")
        assert await guest.refused_join(link, pin="4711") == (429, "too_many")
        live = await house.visitor().live(link, pin="4711")
        assert live.welcome["room"]["has_pin"] is True
        assert "pin" not in live.welcome["room"]
    run(scenario)


def test_a_locked_room_keeps_those_inside_and_no_others(run: Run) -> None:
    async def scenario(house: House) -> None:
        stella = await house.steward()
        link = await house.room(stella)
        inside = house.visitor("Bo")
        live = await inside.live(link)
        await stella.ask("PATCH", f"/api/rooms/{link}", {"locked": True, "pin": "1234"})
        assert (await live.hear("room"))["room"]["locked"] is True
        assert await house.visitor().refused_join(link) == (423, "locked")
        assert (await inside.join(link, back=inside.id))["you"]["id"] == inside.id
        assert (await stella.live(link)).welcome["you"]["steward"] is True
    run(scenario)


def test_a_full_room_is_full_but_not_for_who_is_inside(run: Run) -> None:
    async def scenario(house: House) -> None:
        link = await house.room(await house.steward(), max_people=2)
        first, second, third, late = (house.visitor(f"V{n}") for n in range(4))
        ticket = (await late.join(link))["ticket"]
        await first.live(link)
        await second.live(link)
        assert await third.refused_join(link) == (409, "full")
        assert await late.socket_status(link, "live", ticket) == 409
        await first.live(link)
    run(scenario)


def test_twenty_people_are_the_most_the_server_takes(run: Run) -> None:
    async def scenario(house: House) -> None:
        stella = await house.steward()
        rooms = [await house.room(stella, max_people=20) for _ in range(2)]
        for number in range(20):
            await house.visitor(f"V{number}").live(rooms[number % 2])
        assert await house.visitor().refused_join(rooms[0]) == (409, "full")
        assert await stella.refused_join(rooms[1]) == (409, "full")
    run(scenario)


def test_a_ticket_opens_each_socket_once_and_for_its_device_alone(run: Run) -> None:
    async def scenario(house: House) -> None:
        stella = await house.steward()
        link, other = await house.room(stella), await house.room(stella)
        ada, eve = house.visitor("Ada"), house.visitor("Eve")
        await eve.live(link)
        ticket = (await ada.join(link))["ticket"]
        assert await eve.socket_status(link, "live", ticket) == 403
        assert await ada.socket_status(other, "live", ticket) == 403
        assert await ada.socket_status(NOBODYS, "live", ticket) == 403
        assert await ada.socket_status(link, "janus", ticket) == 403  # before the live channel
        for wrong in ("", "x", "a.b", ticket[:-2] + "AA", ticket + "x", "." + ticket):
            assert await ada.socket_status(link, "live", wrong) == 403
        again = (await ada.join(link))["ticket"]
        await ada.live(link, again)
        assert await ada.socket_status(link, "live", again) == 403
        assert await ada.socket_status(link, "janus", again) == 101
        assert await ada.socket_status(link, "janus", again) == 403
    run(scenario)


def test_a_ticket_is_good_for_a_minute(run: Run) -> None:
    async def scenario(house: House) -> None:
        link = await house.room(await house.steward())
        now = 1_000_000.0
        house.service.tickets._clock = lambda: now
        ada = house.visitor()
        early, late = [(await ada.join(link))["ticket"] for _ in range(2)]
        now += 59
        assert await ada.socket_status(link, "live", early) == 101
        now += 2
        assert await ada.socket_status(link, "live", late) == 403
    run(scenario)


def test_the_same_device_is_the_same_person_and_moves(run: Run) -> None:
    async def scenario(house: House) -> None:
        link = await house.room(await house.steward())
        ada, bo = house.visitor("Ada"), house.visitor("Bo")
        watching = await bo.live(link)
        first = await ada.live(link)
        await watching.hear("joined")
        before = ada.id
        second = await ada.live(link)
        assert ada.id == before
        await first.hear("moved")
        assert await first.ended() == 1000
        assert "joined" not in await watching.quiet()
        assert len(second.welcome["people"]) == 2
    run(scenario)


def test_a_broken_connection_does_not_flicker(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("natm_rooms.meeting.GRACE_BROKEN", 1.0)
    monkeypatch.setattr("natm_rooms.meeting.GRACE_CLOSED", 0.1)

    async def scenario(house: House) -> None:
        link = await house.room(await house.steward())
        ada, bo = house.visitor("Ada"), house.visitor("Bo")
        watching = await bo.live(link)
        live = await ada.live(link)
        await watching.hear("joined")
        assert live.socket._response.connection is not None
        live.socket._response.connection.transport.abort()
        await asyncio.sleep(0.3)
        back = await ada.live(link, back=ada.id)
        assert await watching.quiet() == []
        await back.socket.close()
        assert (await watching.hear("left"))["id"] == ada.id
        live = await ada.live(link)
        assert live.socket._response.connection is not None
        live.socket._response.connection.transport.abort()
        assert (await watching.hear("left"))["id"] == ada.id
    run(scenario)


def test_nobody_comes_in_without_janus_and_all_after(run: Run) -> None:
    async def scenario(house: House) -> None:
        link = await house.room(await house.steward())
        ada = house.visitor()
        await ada.live(link)
        house.janus.down = True
        await house.janus.hang_up()
        await until(lambda: not house.service.janus.ready)
        assert await house.visitor().refused_join(link) == (503, "network")
        assert (await ada.ask("GET", "/api/health"))[0] == 503
        house.janus.down = False
        await until(lambda: house.service.janus.ready)
        assert await ada.ask("GET", "/api/health") == (200, {"ok": True})
        await ada.join(link, back=ada.id)
        assert len(house.janus.rooms) == 1
    run(scenario)


def test_the_meeting_is_forgotten_with_the_last_one(
        run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("natm_rooms.meeting.GRACE_CLOSED", 0.1)

    async def scenario(house: House) -> None:
        link = await house.room(await house.steward())
        ada = house.visitor()
        live = await ada.live(link)
        await live.say("chat", text="hello", mid="1")
        await live.hear("chat")
        await live.socket.close()
        await until(lambda: not house.janus.rooms)
        assert (await ada.live(link)).welcome["chat"] == []
    run(scenario)
