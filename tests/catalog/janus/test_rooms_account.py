# SPDX-License-Identifier: AGPL-3.0-or-later
"""One account for all platforms: the edge says who is a member, and nobody else is believed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from house import ONE_ACCOUNT, PASSWORD, House, house
from natm_rooms.told import HEARSAY_SECONDS
from test_rooms_members import members

pytestmark = pytest.mark.slow

Run = Callable[[Any], None]
NOBODY = {"name": None, "display_name": None, "steward": False}


async def me(visitor: Any) -> Any:
    return (await visitor.ask("GET", "/api/me"))[1]


def test_the_edge_says_who_it_is(run_told: Run) -> None:
    async def scenario(house: House) -> None:
        ada = house.visitor().known_as("ada", "friends,members", "Ada L. مريم")
        assert await me(ada) == {"name": "ada", "display_name": "Ada L. مريم", "steward": False}
        stella = house.visitor().known_as("stella", "members,stewards")
        assert (await me(stella))["steward"] is True
        link = await house.room(stella)
        assert (await ada.join(link))["you"] == {
            "id": ada.id, "name": "Ada L. مريم", "steward": False, "member": True}
        assert await ada.refusal("POST", "/api/rooms", {"title": "Mine"}) == (403, "stewards_only")
        assert await me(house.visitor()) == NOBODY
        live = await stella.live(link)
        assert live.welcome["you"]["steward"] is True
        assert live.welcome["you"]["name"] == "Stella"
    run_told(scenario)


@pytest.mark.parametrize("told", [
    {"Remote-User": ""}, {"Remote-User": "Ada"}, {"Remote-User": "../x"}, {"Remote-Groups": ""},
    {"Remote-Groups": "stewards"}, {"Remote-Groups": "nomembers,stewards"},
    {"Remote-Groups": "members2"}, {"Remote-User": "x" * 40}, {"Remote-User": "ada, bo"},
])
def test_who_is_not_told_in_full_is_a_stranger(run_told: Run, told: dict[str, str]) -> None:
    async def scenario(house: House) -> None:
        one = house.visitor().known_as("ada", "members,stewards")
        one.told.update(told)
        assert await me(one) == NOBODY
    run_told(scenario)


def test_a_name_said_twice_counts_for_nothing(run_told: Run) -> None:
    async def scenario(house: House) -> None:
        for twice in (("Remote-User", "bo"), ("Remote-Groups", "members")):
            headers = [("Remote-User", "ada"), ("Remote-Groups", "members"), twice]
            async with house.http.get(f"{house.url}/api/me", headers=headers) as answer:
                assert await answer.json() == NOBODY
    run_told(scenario)


def test_nobody_but_the_edge_is_believed(run_told: Run) -> None:
    async def scenario(house: House) -> None:
        link = await house.room(house.visitor().known_as("stella", "members,stewards"))
        object.__setattr__(house.service.settings, "edge_address", "172.21.0.2")
        liar = house.visitor().known_as("stella", "members,stewards")
        assert await me(liar) == NOBODY
        assert await liar.refusal("GET", "/api/rooms") == (403, "stewards_only")
        assert (await liar.join(link))["you"]["member"] is False
    run_told(scenario)


def test_headers_are_nothing_where_accounts_are_our_own(run: Run) -> None:
    async def scenario(house: House) -> None:
        assert await me(house.visitor().known_as("stella", "members,stewards")) == NOBODY
        assert (await house.visitor().ask("GET", "/api/settings"))[1]["account"] is None
    run(scenario)


def test_there_is_no_password_of_our_own(run_told: Run) -> None:
    async def scenario(house: House) -> None:
        house.account("ada")
        ada = house.visitor()
        right = {"name": "ada", "password": PASSWORD}
        assert await ada.refusal("POST", "/api/session", right) == (404, "not_found")
        assert await ada.refusal("DELETE", "/api/session") == (404, "not_found")
        before = house.service.accounts.begin_session("ada") or ""
        ada.cookies["__Host-natm-session"] = before
        assert await me(ada) == NOBODY
        assert (await ada.ask("GET", "/api/settings"))[1]["account"] == {
            "home": ONE_ACCOUNT.home, "sign_in": ONE_ACCOUNT.sign_in,
            "sign_out": ONE_ACCOUNT.sign_out}
    run_told(scenario)


@pytest.mark.parametrize(("raw", "shown"), [
    ("Zoë".encode(), "Zoë"), (b"Zo\xeb", "Zo"), (b"", "ada"), (b"\xff\xfe", "ada"),
    ("<b>\u202eada".encode(), "<b>ada"), (("x" * 90).encode(), "x" * 60),
])
def test_names_of_any_bytes_are_text(run_told: Run, raw: bytes, shown: str) -> None:
    async def scenario(house: House) -> None:
        link = await house.room(house.visitor().known_as("stella", "members,stewards"))
        host = house.url.removeprefix("http://")
        reader, writer = await asyncio.open_connection(*host.split(":"))
        body = b'{"name": ""}'
        writer.write(
            f"POST /api/rooms/{link}/join HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
            "Origin: https://video.example.org\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nRemote-User: ada\r\nRemote-Groups: members\r\n"
            "Remote-Name: ".encode() + raw + b"\r\n\r\n" + body)
        answer = (await reader.read()).partition(b"\r\n\r\n")[2]
        writer.close()
        assert json.loads(answer)["you"]["name"] == shown
    run_told(scenario)


def test_who_is_put_out_leaves_every_meeting_at_once(run_told: Run) -> None:
    async def scenario(house: House) -> None:
        stella = house.visitor().known_as("stella", "members,stewards")
        link = await house.room(stella)
        lead = await stella.live(link)
        bo = house.visitor().known_as("bo")
        waiting, ticket = house.visitor().known_as("bo"), ""
        ticket = (await waiting.join(link))["ticket"]
        live, other = await bo.live(link), await house.visitor("Guest").live(link)
        began = time.monotonic()
        ending = asyncio.create_task(members(house, "end", name="bo"))
        await live.hear("signed_out")
        assert (await lead.hear("left"))["id"] == bo.id
        assert await ending == (0, {"ok": True})
        assert time.monotonic() - began < 30
        assert await waiting.socket_status(link, "live", ticket) == 403
        assert (await other.quiet()).count("left") == 1
        assert (await me(stella))["name"] == "stella"
    run_told(scenario)


def test_who_is_put_out_comes_back_as_anybody(
    run_told: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(house: House) -> None:
        stella = house.visitor().known_as("stella", "members,stewards")
        link, other = await house.room(stella), await house.room(stella, guests="none")
        bo = house.visitor().known_as("bo")
        lead, live = await stella.live(link), await bo.live(link)
        await stella.ask("PATCH", f"/api/rooms/{link}", {"pin": "4711"})
        house.account("bo")  # as it was before there was one account for all
        await members(house, "end", name="bo")
        assert house.service.accounts.open_account("bo") is None
        await live.hear("signed_out")
        assert (await lead.hear("left"))["id"] == bo.id
        # The gate may not have heard of it yet, and still tells of a member.
        assert await me(bo) == NOBODY
        assert await bo.refused_join(other) == (403, "members_only")
        assert await bo.refused_join(link) == (403, "pin_needed")
        told = await bo.join(link, pin="4711")
        assert told["you"]["member"] is False
        await bo.live(link, told["ticket"])
        await lead.say("lead", do="remove", id=bo.id)
        await lead.hear("left")
        monkeypatch.setattr("natm_rooms.told.HEARSAY_SECONDS", 0)
        assert (await me(bo))["name"] == "bo"
        assert await bo.refused_join(link) == (403, "removed")
        assert (await bo.join(other))["you"]["member"] is True
    run_told(scenario)
    assert HEARSAY_SECONDS > 25, "the gate remembers for 25 seconds"


def test_who_comes_in_while_being_put_out_goes_too(run_told: Run) -> None:
    async def scenario(house: House) -> None:
        stella = house.visitor().known_as("stella", "members,stewards")
        link = await house.room(stella)
        bo = house.visitor().known_as("bo")
        ensure = house.service.janus.ensure

        async def slow(room: Any) -> None:
            house.service.ended.put_out("bo")
            await asyncio.sleep(1.2)  # two looks long
            await ensure(room)

        house.service.janus.ensure = slow  # type: ignore[method-assign]
        live = await bo.live(link)
        await live.hear("signed_out")
    run_told(scenario)


def test_a_proofs_member_leaves_nothing(run_told: Run) -> None:
    async def scenario(house: House) -> None:
        proof = house.visitor().known_as("natm-proof-1", "members,stewards")
        link = await house.room(proof)
        live = await proof.live(link)
        for _ in range(2):
            assert await members(house, "purge", name="natm-proof-1") == (0, {"ok": True})
        await live.hear("signed_out")
        assert await house.visitor().refused_join(link) == (404, "unknown_room")
        data = house.service.settings.data
        assert [json.loads((data / name).read_text())
                for name in ("ended.json", "rooms.json")] == [{}, {}]
    run_told(scenario)


def test_what_a_member_made_before_is_still_there(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as before:
            stella = await before.steward()
            link = await before.room(stella)
            bo = before.visitor("Bo")
            before.account("bo")
            await bo.sign_in("bo")
            lead, _ = await stella.live(link), await bo.live(link)
            await lead.say("lead", do="remove", id=bo.id)
            await lead.hear("left")
            rooms = json.loads((tmp_path / "rooms.json").read_text())
            del rooms[link]["guests"], rooms[link]["invites"]  # as an older version wrote it
            (tmp_path / "rooms.json").write_text(json.dumps(rooms))
        async with house(tmp_path, ONE_ACCOUNT) as after:
            stella = after.visitor().known_as("stella", "members,stewards")
            found = (await stella.ask("GET", "/api/rooms"))[1]
            assert [(room["link"], room["guests"]) for room in found] == [(link, "open")]
            assert await after.visitor().known_as("bo").refused_join(link) == (403, "removed")
    asyncio.run(scenario())
