# SPDX-License-Identifier: AGPL-3.0-or-later
"""In a room: what is written, what others see, and what stewards can do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from house import House, Live, Visitor, until

Run = Callable[[Any], None]


async def three(house: House) -> tuple[str, list[Visitor], list[Live]]:
    """A steward and two guests in one room."""
    stella = await house.steward()
    link = await house.room(stella)
    people = [stella, house.visitor("Ada"), house.visitor("Bo")]
    lives = [await one.live(link) for one in people]
    for live, others in zip(lives, (2, 1, 0), strict=True):
        for _ in range(others):
            await live.hear("joined")
    return link, people, lives


def test_chat_has_one_order_for_all(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, people, lives = await three(house)
        await asyncio.gather(*(live.say("chat", text=f"{n} from {at}", mid=f"{at}-{n}")
                               for n in range(8) for at, live in enumerate(lives)))
        heard = [[await live.hear("chat") for _ in range(24)] for live in lives]
        assert heard[0] == heard[1] == heard[2]
        assert [said["n"] for said in heard[0]] == list(range(1, 25))
        assert {said["from"] for said in heard[0]} == {one.id for one in people}
        again = await people[1].live(link)
        assert [said["text"] for said in again.welcome["chat"]] == [
            said["text"] for said in heard[0]]
    run(scenario)


def test_what_is_sent_twice_is_said_once(run: Run) -> None:
    async def scenario(house: House) -> None:
        _, _, (stella, ada, _) = await three(house)
        for text in ("once", "once more of the same"):
            await ada.say("chat", text=text, mid="m1")
        await ada.say("chat", text=" \x00\u202e ", mid="m2")
        await ada.say("chat", text=["no text"], mid="m3")
        await ada.say("chat", text="x" * 3000, mid={"no": "id"})
        assert (await stella.hear("chat"))["text"] == "once"
        long = await stella.hear("chat")
        assert (long["n"], len(long["text"]), "mid" in long) == (2, 2000, False)
    run(scenario)


def test_the_last_two_hundred_are_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("natm_rooms.live.CHAT", (1000, 1000))
    monkeypatch.setattr("natm_rooms.live.MESSAGES", (1000, 1000))

    async def scenario(house: House) -> None:
        link, people, (stella, *_rest) = await three(house)
        for number in range(210):
            await stella.say("chat", text=str(number), mid=str(number))
        for _ in range(210):
            await stella.hear("chat")
        chat = (await people[0].live(link)).welcome["chat"]
        assert [chat[0]["n"], chat[-1]["n"], len(chat)] == [11, 210, 200]
    run(scenario)


def test_who_writes_much_is_read_slowly_and_nobody_else_is(run: Run) -> None:
    async def scenario(house: House) -> None:
        _, _, (stella, ada, _) = await three(house)
        for number in range(60):
            await ada.say("chat", text=str(number), mid=str(number))
        await stella.say("chat", text="me", mid="me")
        texts = []
        while "me" not in texts:
            texts.append((await stella.hear("chat"))["text"])
        assert len(texts) < 20
    run(scenario)


def test_state_is_seen_by_the_others(run: Run) -> None:
    async def scenario(house: House) -> None:
        _, people, (stella, ada, _) = await three(house)
        await ada.say("state", audio=True, hand=True, weak="yes", steward=True, name="Eve")
        person = (await stella.hear("changed"))["person"]
        assert person == {"id": people[1].id, "name": "Ada", "steward": False, "member": False,
                          "hand": True, "audio": True, "video": False, "screen": False,
                          "weak": False}
        await ada.say("state", audio=True, hand=True)
        assert await stella.quiet() == []
        assert await ada.quiet() == []
    run(scenario)


@pytest.mark.parametrize("sent", ["[]", "not json", "1", "[" * 30_000])
def test_what_no_page_sends_ends_the_channel(run: Run, sent: str) -> None:
    async def scenario(house: House) -> None:
        _, _, (stella, ada, _) = await three(house)
        await ada.socket.send_str(sent)
        await ada.ended()
        assert await stella.quiet() == []
    run(scenario)


def test_only_stewards_lead(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, people, (stella, ada, bo) = await three(house)
        for what in ("remove", "mute", "mute_all", "forgive", "lower"):
            await ada.say("lead", do=what, id=people[2].id)
        assert await ada.quiet() == []
        assert await bo.quiet() == []
        assert await stella.quiet() == []
        for method, path in (("GET", "/api/rooms"), ("POST", "/api/rooms"),
                             ("PATCH", f"/api/rooms/{link}"), ("DELETE", f"/api/rooms/{link}"),
                             ("POST", f"/api/rooms/{link}/end")):
            assert await people[1].refusal(method, path, {}) == (403, "stewards_only")
    run(scenario)


def test_a_hand_is_lowered_and_a_microphone_closed(run: Run) -> None:
    async def scenario(house: House) -> None:
        _, people, (stella, ada, _) = await three(house)
        await ada.say("state", audio=True, hand=True)
        await stella.say("lead", do="lower", id=people[1].id)
        await stella.say("lead", do="mute", id=people[1].id)
        assert (await ada.hear("changed"))["person"]["hand"] is False
        assert (await ada.hear("muted"))["by"] == people[0].id
        assert (await ada.hear("changed"))["person"]["audio"] is False
    run(scenario)


def test_who_is_removed_stays_out(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, people, (stella, ada, bo) = await three(house)
        await stella.say("lead", do="remove", id=people[0].id)  # nobody removes themselves
        await stella.say("lead", do="remove", id=people[1].id)
        await ada.hear("removed")
        assert await ada.ended() == 1000
        assert (await bo.hear("left"))["id"] == people[1].id
        assert await people[1].refused_join(link, back=people[1].id) == (403, "removed")
        await until(lambda: len(house.janus.led("kick")) == 2)
        assert {body["id"] for body in house.janus.led("kick")} == {
            people[1].id, f"{people[1].id}-screen"}
        assert people[1].cookies["__Host-natm-device"] not in (
            house.service.rooms.path.read_text())
    run(scenario)


def test_a_new_device_from_there_waits_until_a_steward_forgives(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, people, (stella, ada, _) = await three(house)
        near = people[1].address
        brother = house.visitor("Brother", near)
        await brother.live(link)
        house.account("member")
        member = house.visitor("Member", near)
        await member.sign_in("member")
        await stella.say("lead", do="remove", id=people[1].id)
        await ada.hear("removed")
        again = house.visitor("Not Ada", near)
        assert await again.refused_join(link) == (403, "removed_nearby")
        await brother.join(link)
        await member.join(link)
        await stella.say("lead", do="forgive")
        await stella.quiet()
        await again.join(link)
        assert await people[1].refused_join(link) == (403, "removed")
    run(scenario)


def test_a_removed_account_stays_out_on_another_device(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, _, (stella, *_rest) = await three(house)
        house.account("eve")
        eve, phone = house.visitor(), house.visitor()
        for device in (eve, phone):
            await device.sign_in("eve")
        live = await eve.live(link)
        await stella.say("lead", do="remove", id=eve.id)
        await live.hear("removed")
        assert await phone.refused_join(link) == (403, "removed")
    run(scenario)


def test_rooms_are_set_ended_and_deleted(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, people, lives = await three(house)
        stella = people[0]
        status, room = await stella.ask("PATCH", f"/api/rooms/{link}", {
            "title": " New  name ", "max_people": 99, "bitrate_kbit": 64, "pin": "1234"})
        assert status == 200
        assert (room["title"], room["max_people"], room["has_pin"]) == ("New name", 20, True)
        assert (await lives[2].hear("room"))["room"]["bitrate_kbit"] == 64
        assert house.janus.led("edit")[-1]["new_bitrate"] == 64_000
        _, listed = await stella.ask("GET", "/api/rooms")
        assert [(one["link"], one["people"]) for one in listed] == [(link, 3)]
        assert (await stella.ask("POST", f"/api/rooms/{link}/end", {}))[0] == 200
        for live in lives:
            await live.hear("ended")
            assert await live.ended() == 1000
        assert house.janus.rooms == {}
        live = await house.visitor().live(link, pin="1234")
        assert (await stella.ask("DELETE", f"/api/rooms/{link}"))[0] == 204
        await live.hear("ended")
        assert await people[1].refused_join(link) == (404, "unknown_room")
    run(scenario)


@pytest.mark.parametrize(("wish", "code"), [
    ({"title": ""}, "bad_title"), ({"title": "x" * 81}, "bad_title"), ({"title": 3}, "bad_title"),
    ({"pin": "123"}, "bad_pin"), ({"pin": "12ab"}, "bad_pin"), ({"pin": 1234}, "bad_pin"),
    ({"locked": "yes"}, "bad_request"), ({"max_people": True}, "bad_request"),
    ({"id": "x"}, "bad_request"), ({"removed": []}, "bad_request"), ([], "bad_request"),
])
def test_a_wish_that_makes_no_sense_is_refused(run: Run, wish: Any, code: str) -> None:
    async def scenario(house: House) -> None:
        stella = await house.steward()
        link = await house.room(stella)
        assert await stella.refusal("PATCH", f"/api/rooms/{link}", wish) == (400, code)
    run(scenario)


def test_who_signs_out_leads_no_more(run: Run) -> None:
    async def scenario(house: House) -> None:
        _, people, (stella, ada, _) = await three(house)
        assert (await people[0].ask("DELETE", "/api/session"))[0] == 204
        person = (await ada.hear("changed"))["person"]
        assert (person["steward"], person["member"]) == (False, False)
        await stella.say("lead", do="remove", id=people[1].id)
        assert await ada.quiet() == []
    run(scenario)
