# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rooms for members, and guests with a guest's link of a steward, which ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from house import House, Visitor, house

Run = Callable[[Any], None]


async def invited(house: House, **wish: Any) -> tuple[Visitor, str, str]:
    """A steward, a room for the invited, and what makes its link a guest's."""
    stella = await house.steward()
    link = await house.room(stella, guests="invited")
    status, told = await stella.ask("POST", f"/api/rooms/{link}/invite", wish)
    assert status == 201, told
    assert told["link"] == f"{link}#invite={told['invite']}"
    return stella, link, told["invite"]


async def member(house: House, name: str = "ada") -> Visitor:
    house.account(name)
    one = house.visitor(name)
    await one.sign_in(name)
    return one


def test_members_only_is_for_members_only(run: Run) -> None:
    async def scenario(house: House) -> None:
        stella = await house.steward()
        link = await house.room(stella, guests="none", pin="4711")
        guest = house.visitor()
        assert await guest.refused_join(link) == (403, "members_only")
        assert await guest.refused_join(link, pin="4711") == (403, "members_only")
        invite = (await stella.ask("POST", f"/api/rooms/{link}/invite", {}))[1]["invite"]
        assert await guest.refused_join(link, pin="4711", invite=invite) == (403, "members_only")
        ada = await member(house)
        assert (await ada.join(link, pin="4711"))["room"]["guests"] == "none"
    run(scenario)


def test_a_guests_link_opens_its_room_and_no_other(run: Run) -> None:
    async def scenario(house: House) -> None:
        stella, link, invite = await invited(house)
        other = await house.room(stella, guests="invited")
        guest = house.visitor()
        assert await guest.refused_join(link) == (403, "invite_needed")
        assert await guest.refused_join(other, invite=invite) == (403, "invite_over")
        ends, _, signature = invite.partition(".")
        for wrong in ("x", ".", f"{int(ends) + 1}.{signature}", f"{ends}.{signature[:-1]}A",
                      f"{ends}.", f"{ends}.ü", "9" * 79, 7, ["x"], invite + " "):
            assert await guest.refused_join(link, invite=wrong) == (403, "invite_over"), wrong
        live = await guest.live(link, invite=invite)
        assert live.welcome["you"]["member"] is False
        await (await member(house)).live(link)
        await guest.live(link)  # comes back in, as long as they are inside
    run(scenario)


def test_a_guests_link_ends(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(house: House) -> None:
        _, link, invite = await invited(house, hours=1)
        now = [0.0]
        real = __import__("time").time
        monkeypatch.setattr("natm_rooms.invites.time.time", lambda: real() + now[0])
        now[0] = 3590
        await house.visitor().join(link, invite=invite)
        now[0] = 3610
        assert await house.visitor().refused_join(link, invite=invite) == (403, "invite_over")
    run(scenario)


def test_guests_links_are_taken_back(run: Run) -> None:
    async def scenario(house: House) -> None:
        stella, link, invite = await invited(house)
        inside = house.visitor()
        live = await inside.live(link, invite=invite)
        assert (await stella.ask("DELETE", f"/api/rooms/{link}/invite"))[0] == 204
        assert await house.visitor().refused_join(link, invite=invite) == (403, "invite_over")
        assert await live.quiet() == []
        fresh = (await stella.ask("POST", f"/api/rooms/{link}/invite", {}))[1]["invite"]
        await house.visitor().join(link, invite=fresh)
    run(scenario)


def test_a_guests_link_outlives_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as before:
            _, link, invite = await invited(before)
        async with house(tmp_path) as after:
            await after.visitor().join(link, invite=invite)
    asyncio.run(scenario())


@pytest.mark.parametrize("hours", [0, -1, 721, "24", 1.5, True, None, [1]])
def test_a_guests_link_has_an_end(run: Run, hours: Any) -> None:
    async def scenario(house: House) -> None:
        stella = await house.steward()
        link = await house.room(stella, guests="invited")
        assert await stella.refusal("POST", f"/api/rooms/{link}/invite", {
            "hours": hours}) == (400, "bad_request")
    run(scenario)


def test_only_stewards_make_guests_links(run: Run) -> None:
    async def scenario(house: House) -> None:
        _, link, _ = await invited(house)
        for one in (house.visitor(), await member(house)):
            for method in ("POST", "DELETE"):
                assert await one.refusal(method, f"/api/rooms/{link}/invite", {}) == (
                    403, "stewards_only")
    run(scenario)


@pytest.mark.parametrize("value", ["", "all", None, True, 1, ["open"], {}])
def test_guests_are_open_invited_or_none(run: Run, value: Any) -> None:
    async def scenario(house: House) -> None:
        stella = await house.steward()
        assert await stella.refusal("POST", "/api/rooms", {
            "title": "Garden", "guests": value}) == (400, "bad_request")
    run(scenario)


def test_who_signs_out_is_out_of_a_room_for_members(run: Run) -> None:
    async def scenario(house: House) -> None:
        stella = await house.steward()
        link, garden = await house.room(stella, guests="none"), await house.room(stella)
        ada = await member(house)
        live, there = await ada.live(link), await ada.live(garden)
        cookie = ada.cookies.pop("__Host-natm-session")
        assert await ada.refused_join(link) == (403, "members_only")
        ada.cookies["__Host-natm-session"] = cookie
        await ada.ask("DELETE", "/api/session")
        await live.hear("signed_out")
        assert (await there.hear("changed"))["person"]["member"] is False
        assert await ada.refused_join(link) == (403, "members_only")
        await ada.join(garden)
    run(scenario)


def test_a_locked_door_is_closed_to_invited_guests_too(run: Run) -> None:
    async def scenario(house: House) -> None:
        stella, link, invite = await invited(house)
        await stella.ask("PATCH", f"/api/rooms/{link}", {"locked": True, "guests": "invited"})
        assert await house.visitor().refused_join(link, invite=invite) == (423, "locked")
    run(scenario)
