# SPDX-License-Identifier: AGPL-3.0-or-later
"""The narrow way to Janus: what gets through, as whom, and what ends the connection."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from house import SECRET, House, Live, Visitor, until
from natm_rooms.permitted import MOST_CANDIDATES, MOST_HANDLES, Forbidden, Seat, permitted

Run = Callable[[Any], None]
PLUGIN = "janus.plugin.videoroom"


class Way:
    """A page's connection to Janus through the service."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket, self.session, self.handle = socket, 0, 0

    async def send(self, verb: str, **more: Any) -> None:
        said = {"janus": verb, "transaction": "t1", "session_id": self.session,
                "handle_id": self.handle, **more}
        await self.socket.send_json({key: value for key, value in said.items() if value != 0})

    async def hear(self) -> dict[str, Any]:
        message = await self.socket.receive(timeout=4)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        assert SECRET not in message.data
        told: dict[str, Any] = json.loads(message.data)
        return told

    async def begin(self) -> Way:
        await self.send("create")
        self.session = (await self.hear())["data"]["id"]
        await self.send("attach", plugin=PLUGIN, opaque_id="x")
        self.handle = (await self.hear())["data"]["id"]
        return self

    async def request(self, **body: Any) -> dict[str, Any]:
        """A request to the video room; the event it brings."""
        await self.send("message", body=body)
        assert (await self.hear())["janus"] == "ack"
        return await self.hear()

    async def ended(self) -> bool:
        while (message := await self.socket.receive(timeout=4)).type is aiohttp.WSMsgType.TEXT:
            assert json.loads(message.data)["janus"] in ("ack", "success", "event")
        return True


async def seated(house: House) -> tuple[str, Visitor, Live, Way]:
    """A guest in a room with an open way to Janus."""
    link = await house.room(await house.steward())
    ada = house.visitor("Ada")
    ticket = (await ada.join(link))["ticket"]
    live = await ada.live(link, ticket)
    return link, ada, live, await Way(await ada.socket(link, "janus", ticket)).begin()


def test_room_feed_and_name_are_ours_whatever_a_page_says(run: Run) -> None:
    async def scenario(house: House) -> None:
        _, ada, _, way = await seated(house)
        await way.request(request="join", ptype="publisher", room="other", id="p000000000000",
                          display="Steward", token="x", metadata={"a": 1})
        body = house.janus.members[-1]["body"]
        assert body == {"request": "join", "ptype": "publisher", "id": ada.id, "display": "Ada",
                        "room": next(iter(house.janus.rooms))}
        await way.request(request="join", ptype="publisher", id=f"{ada.id}-screen")
        assert house.janus.members[-1]["body"]["id"] == f"{ada.id}-screen"
    run(scenario)


def test_what_a_page_needs_gets_through_and_nothing_beside(run: Run) -> None:
    async def scenario(house: House) -> None:
        _, _, _, way = await seated(house)
        cases = [
            ({"request": "publish", "bitrate": 9_999_999, "record": True, "filename": "/data/x"},
             {"request": "publish", "bitrate": 600_000}),
            ({"request": "configure", "bitrate": 0, "secret": "s"},
             {"request": "configure", "bitrate": 16_000}),
            ({"request": "subscribe", "streams": [{"feed": "p0123456789ab", "mid": "1", "x": 1}]},
             {"request": "subscribe", "streams": [{"feed": "p0123456789ab", "mid": "1"}]}),
            ({"request": "configure",
              "streams": [{"mid": "1", "substream": 2, "temporal": 9, "send": True}]},
             {"request": "configure", "streams": [{"mid": "1", "substream": 2, "send": True}]}),
            ({"request": "start", "room": "other"}, {"request": "start"}),
        ]
        for sent, wanted in cases:
            if "secret" not in sent:
                await way.request(**sent)
            else:
                await way.send("message", body=sent)
                await way.hear()
                await way.hear()
            assert house.janus.members[-1]["body"] == wanted
        await way.send("trickle", candidate={"candidate": "c", "sdpMid": "0", "sdpMLineIndex": 0,
                                             "more": 1}, apisecret="mine", token="t")
        await way.hear()
        last = house.janus.members[-1]
        assert last["candidate"] == {"candidate": "c", "sdpMid": "0", "sdpMLineIndex": 0}
        assert (last["apisecret"], "token" in last) == (SECRET, False)
    run(scenario)


FORBIDDEN: list[dict[str, Any]] = [
    {"janus": "info"}, {"janus": "claim"}, {"janus": "create"}, {"janus": "ping"}, {"janus": 3},
    {"janus": "list_sessions", "admin_secret": "x"}, {"janus": "keepalive", "session_id": 1},
    {"janus": "attach", "plugin": "janus.plugin.textroom"}, {"janus": "detach", "handle_id": 1},
    {"janus": "keepalive", "transaction": "x" * 65}, {"janus": "trickle", "candidate": "c"},
    {"janus": "trickle", "candidate": {"candidate": "c" * 501}}, {"janus": "message"},
    {"janus": "message", "body": {"request": "join", "ptype": "publisher"}, "jsep": "x"},
    {"janus": "message", "body": {"request": "start"}, "jsep": {"type": "rollback", "sdp": ""}},
]
REQUESTS: list[dict[str, Any]] = [
    *({"request": name, "room": "x"} for name in (
        "create", "destroy", "edit", "exists", "list", "allowed", "kick", "moderate",
        "enable_recording", "listparticipants", "listforwarders", "rtp_forward",
        "stop_rtp_forward", "joinandconfigure", "switch", "update", "", None, ["join"])),
    {"request": "join", "ptype": "subscriber", "streams": [{"feed": "p0123456789ab"}]},
    {"request": "join", "ptype": "admin"},
    {"request": "subscribe", "streams": [{"feed": 7}]}, {"request": "subscribe", "streams": []},
    {"request": "subscribe", "streams": [{"feed": "p0123456789ab"}] * 129},
    {"request": "configure", "streams": [{"mid": "../x"}]},
]


@pytest.mark.parametrize("said", [
    *FORBIDDEN, *({"janus": "message", "body": body} for body in REQUESTS)],
    ids=lambda said: json.dumps(said)[:60])
def test_what_no_page_of_ours_says_is_forbidden(said: dict[str, Any]) -> None:
    seat = Seat("room", "p0123456789ab", "Ada", 600_000, session=5, handles={6})
    usual = {"transaction": "t", "session_id": 5, "handle_id": 6}
    assert permitted({"janus": "hangup", **usual}, seat) == {"janus": "hangup", **usual}
    with pytest.raises(Forbidden):
        permitted({**usual, **said}, seat)


@pytest.mark.parametrize("said", [
    {"verb": "info"}, {"verb": "message", "body": {"request": "kick", "id": "x"}}])
def test_what_is_forbidden_ends_the_connection(run: Run, said: dict[str, Any]) -> None:
    async def scenario(house: House) -> None:
        _, _, live, way = await seated(house)
        before = len(house.janus.members)
        await way.send(**said)
        assert await way.ended()
        assert len(house.janus.members) == before
        assert await live.quiet() == []
    run(scenario)


def test_anothers_session_and_handle_are_out_of_reach(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, _, _, way = await seated(house)
        eve = house.visitor("Eve")
        ticket = (await eve.join(link))["ticket"]
        await eve.live(link, ticket)
        other = await Way(await eve.socket(link, "janus", ticket)).begin()
        other.handle = way.handle
        await other.send("hangup")
        assert await other.ended()
    run(scenario)


def test_handles_are_few(run: Run) -> None:
    async def scenario(house: House) -> None:
        _, _, _, way = await seated(house)
        for number in range(MOST_HANDLES - 1):
            await way.send("attach", plugin=PLUGIN, transaction=f"a{number}")
            await way.hear()
        await way.send("attach", plugin=PLUGIN, transaction="b")
        assert await way.ended()
    run(scenario)


def test_a_steward_mutes_at_the_server_and_the_person_unmutes(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, ada, live, way = await seated(house)
        stella = await house.steward("sam")
        leading = await stella.live(link)
        await way.request(request="join", ptype="publisher", id=ada.id)
        await way.request(request="publish", bitrate=64_000)
        await live.say("state", audio=True)
        await leading.hear("changed")
        await leading.say("lead", do="mute_all")
        await live.hear("muted")
        await until(lambda: bool(house.janus.led("moderate")))
        await live.say("state", audio=True)
        await until(lambda: len(house.janus.led("moderate")) == 2)
        assert [(body["id"], body["mid"], body["mute"])
                for body in house.janus.led("moderate")] == [(ada.id, "0", True),
                                                             (ada.id, "0", False)]
    run(scenario)


def closed(house: House) -> list[tuple[str, str, bool]]:
    """What the service asked Janus to close and open, in turn: feed, mid and which."""
    return [(body["id"], body["mid"], body["mute"]) for body in house.janus.led("moderate")]


def test_a_steward_mutes_a_screens_sound_too(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, ada, live, way = await seated(house)
        leading = await (await house.steward("sam")).live(link)
        screen = f"{ada.id}-screen"
        await way.request(request="join", ptype="publisher", id=screen)
        await way.request(request="publish", bitrate=64_000)
        await live.say("state", screen=True)
        await leading.hear("changed")
        await leading.say("lead", do="mute", id=ada.id)
        await live.hear("muted")
        await until(lambda: closed(house) == [(screen, "0", True)])
        await way.request(request="publish", bitrate=64_000)
        await until(lambda: closed(house) == [(screen, "0", True)] * 2)
        # What a page says of itself frees nothing of what Janus still sends.
        await live.say("state", screen=False)
        await live.quiet()
        await leading.say("lead", do="mute", id=ada.id)
        await until(lambda: closed(house) == [(screen, "0", True)] * 3)
        await live.say("state", audio=True)
        await until(lambda: closed(house)[3:] == [(screen, "0", False)])
    run(scenario)


def test_the_next_screen_of_somebody_without_a_microphone_is_heard(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, ada, live, way = await seated(house)
        leading = await (await house.steward("sam")).live(link)
        await live.say("state", screen=True)
        await leading.hear("changed")
        await leading.say("lead", do="mute_all")
        await live.hear("muted")
        for shared in (False, True):
            await live.say("state", screen=shared)
        await live.quiet()
        await way.request(request="join", ptype="publisher", id=f"{ada.id}-screen")
        await way.request(request="publish", bitrate=64_000)
        assert await live.quiet() == []
        assert closed(house) == []
    run(scenario)


def test_candidates_are_few_and_more_of_them_end_no_meeting() -> None:
    seat = Seat("room", "p0123456789ab", "Ada", 600_000, session=5, handles={6, 7})
    said = {"janus": "trickle", "transaction": "t", "session_id": 5, "handle_id": 6,
            "candidate": {"candidate": "c", "sdpMid": "0"}}
    passed = [permitted(said, seat)["candidate"] for _ in range(MOST_CANDIDATES + 9)]
    assert passed.count({"candidate": "c", "sdpMid": "0"}) == MOST_CANDIDATES
    assert passed[-1] == {"completed": True}
    assert permitted({**said, "handle_id": 7}, seat)["candidate"] == said["candidate"]


def test_removal_closes_the_way_to_janus_too(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, ada, live, way = await seated(house)
        leading = await (await house.steward("sam")).live(link)
        await leading.say("lead", do="remove", id=ada.id)
        await live.hear("removed")
        assert await way.ended()
    run(scenario)


def test_a_second_way_closes_the_first(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, ada, _, way = await seated(house)
        again = await Way(await ada.socket(
            link, "janus", (await ada.join(link))["ticket"])).begin()
        assert await way.ended()
        await again.request(request="start")
    run(scenario)


def test_when_janus_goes_the_page_hears_of_it(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, ada, live, way = await seated(house)
        await house.janus.hang_up()
        assert await way.ended()
        assert await live.quiet() == []
        await until(lambda: not house.service.janus.ready)
        await until(lambda: house.service.janus.ready)
        await ada.live(link, back=ada.id)
        assert len(house.janus.rooms) == 1
    run(scenario)


def test_a_room_janus_has_lost_is_made_again(run: Run) -> None:
    async def scenario(house: House) -> None:
        link, ada, _, way = await seated(house)
        house.janus.rooms.clear()
        event = await way.request(request="join", ptype="publisher", id=ada.id)
        assert event["plugindata"]["data"]["error_code"] == 426
        await ada.join(link)
        assert len(house.janus.rooms) == 1
    run(scenario)
