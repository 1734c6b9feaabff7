# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fixtures for proofs of video rooms: devices, members who have signed in, rooms that go again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from .job import Member, Stack
from .videoroom import Device

if TYPE_CHECKING:
    import httpx

Web = Callable[..., "httpx.Client"]
MakeRoom = Callable[..., str]
ROUTE = "video"
SESSION: dict[str, dict[str, str]] = {}
"""Members' cookies: signing in again for each proof would be too often in a short time."""


@pytest.fixture
def device(stack: Stack, web: Web) -> Callable[[], Device]:
    """Makes devices."""
    return lambda: Device(stack, ROUTE, web())


@pytest.fixture
def signed_in(
    stack: Stack, device: Callable[[], Device], visit: Callable[[Member], httpx.Client]
) -> Callable[[Member], Device]:
    """Makes devices of members who have signed in, at the gate or here."""
    def sign_in(member: Member) -> Device:
        if stack.sign_in == "header":
            return Device(stack, ROUTE, visit(member))
        own = device()
        if member.name not in SESSION:
            answer = own.ask("POST", "/session", {"name": member.name, "password": member.password})
            assert answer.status_code == 200, f"a member could not sign in: {answer.text}"
            SESSION[member.name] = dict(own.client.cookies)
        for key, value in SESSION[member.name].items():
            own.client.cookies.set(key, value, domain=stack.host(ROUTE))
        return own

    return sign_in


@pytest.fixture
def steward(members: list[Member], signed_in: Callable[[Member], Device]) -> Device:
    """A steward, signed in."""
    own = signed_in(members[0])
    assert own.ask("GET", "/me").json()["steward"] is True, "a steward is not known as one"
    return own


@pytest.fixture
def room(steward: Device, marker: str) -> Iterator[MakeRoom]:
    """Makes rooms; they are gone after the proof."""
    links: list[str] = []

    def make(**more: object) -> str:
        answer = steward.ask("POST", "/rooms", {"title": f"Proof {marker}", **more})
        assert answer.status_code == 201, f"a steward could not make a room: {answer.text}"
        links.append(answer.json()["link"])
        return links[-1]

    yield make
    for link in links:
        steward.ask("DELETE", f"/rooms/{link}")


@pytest.fixture
def credential(room: MakeRoom, device: Callable[[], Device]) -> tuple[str, str]:
    """Name and password for the relay, as a member who comes in gets them."""
    server = device().join(room(), "Ada").json()["ice_servers"][0]
    return server["username"], server["credential"]
