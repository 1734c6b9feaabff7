# SPDX-License-Identifier: AGPL-3.0-or-later
"""The video service on loopback beside a small Janus of the tests, and people who come to it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from natm_stack.paths import shipped

ROOMS = shipped("catalog") / "platforms/janus/images/rooms"
sys.path.insert(0, str(ROOMS))

from natm_rooms import accounts as accounts_module  # noqa: E402
from natm_rooms.app import make_app  # noqa: E402
from natm_rooms.service import Service, make_service  # noqa: E402
from natm_rooms.settings import OneAccount, Settings  # noqa: E402

accounts_module.COST = 2**4  # The tests' passwords need no slow hash.
ORIGIN = "https://video.example.org"
SECRET = "the secret of Janus, long enough"
PASSWORD = "correct horse"


class FakeJanus:
    """Answers as Janus does, as far as the service asks; remembers what it was asked."""

    def __init__(self) -> None:
        self.rooms: dict[str, dict[str, Any]] = {}
        self.own: list[dict[str, Any]] = []
        self.members: list[dict[str, Any]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.down = False
        self._number = 1000

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/", self._socket)
        return app

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        if self.down:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(protocols=("janus-protocol",))
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            said = json.loads(message.data)
            assert said["apisecret"] == SECRET
            for answer in self._answers(said):
                await socket.send_json({**answer, "transaction": said["transaction"]})
        return socket

    def _answers(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        if said["janus"] in ("create", "attach"):
            self._number += 1
            return [{"janus": "success", "data": {"id": self._number}}]
        if said["janus"] != "message":
            self.members.append(said)
            return [{"janus": "ack"}]
        body = said["body"]
        if "admin_key" in body or "secret" in body:
            self.own.append(body)
            return [{"janus": "success", "plugindata": {"data": self._lead(body)}}]
        self.members.append(said)
        return [{"janus": "ack"}, self._event(said, body)]

    def _lead(self, body: dict[str, Any]) -> dict[str, Any]:
        room = body["room"]
        if body["request"] == "create":
            if room in self.rooms:
                return {"error_code": 427}
            self.rooms[room] = body
        elif room not in self.rooms:
            return {"error_code": 426}
        elif body["request"] == "destroy":
            del self.rooms[room]
        return {"videoroom": "success"}

    def _event(self, said: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        data = {"videoroom": "event", "configured": "ok"}
        if body["request"] == "join":
            data = {"videoroom": "joined", "id": body.get("id"), "private_id": 7}
            if body["room"] not in self.rooms:
                data = {"videoroom": "event", "error_code": 426}
        event = {"janus": "event", "sender": said["handle_id"], "plugindata": {"data": data}}
        if body["request"] == "publish":
            sdp = "v=0\r\nm=audio 9 X 111\r\na=mid:0\r\nm=video 9 X 96\r\na=mid:1\r\n"
            event["jsep"] = {"type": "answer", "sdp": sdp}
        return event

    async def hang_up(self) -> None:
        """As if it had been killed and begun again."""
        self.rooms.clear()
        for socket in self.sockets:
            await socket.close()
        self.sockets.clear()

    def led(self, request: str) -> list[dict[str, Any]]:
        """What the service asked for itself."""
        return [body for body in self.own if body["request"] == request]


class Live:
    """An open live channel."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}

    async def say(self, type_: str, **more: Any) -> None:
        await self.socket.send_json({"type": type_, **more})

    async def hear(self, type_: str) -> dict[str, Any]:
        """The next message of that kind; others on the way are passed over."""
        while True:
            message = await self.socket.receive(timeout=4)
            assert message.type is aiohttp.WSMsgType.TEXT, (type_, message)
            said: dict[str, Any] = json.loads(message.data)
            if said["type"] == type_:
                return said

    async def ended(self) -> int | None:
        """Reads on until the server closes; the code it gave."""
        while (message := await self.socket.receive(timeout=4)).type is aiohttp.WSMsgType.TEXT:
            pass
        return message.data if message.type is aiohttp.WSMsgType.CLOSE else None

    async def quiet(self) -> list[str]:
        """What came until the server answered a ping: kinds of messages."""
        await self.say("ping")
        kinds = []
        while not kinds or kinds[-1] != "pong":
            kinds.append(json.loads((await self.socket.receive(timeout=4)).data)["type"])
        return kinds[:-1]


class Visitor:
    """A browser with its own cookies and its own address."""

    def __init__(self, house: House, address: str, name: str = "Ada") -> None:
        self.house, self.address, self.name = house, address, name
        self.cookies: dict[str, str] = {}
        self.origin = ORIGIN
        self.id = ""
        self.told: dict[str, str] = {}

    def headers(self) -> dict[str, str]:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Origin": self.origin, "X-Forwarded-For": f"198.18.0.1, {self.address}",
                **({"Cookie": jar} if jar else {}), **self.told}

    def known_as(self, name: str, groups: str = "members", shown: str = "") -> Visitor:
        """The edge says who this is, from now on."""
        self.told = {"Remote-User": name, "Remote-Groups": groups,
                     "Remote-Name": shown or name.title(), "Remote-Email": ""}
        return self

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and answer; what came as cookies is kept."""
        async with self.house.http.request(
                method, self.house.url + path, json=body, headers=self.headers()) as answer:
            for name, morsel in answer.cookies.items():
                self.cookies[name] = morsel.value
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith(("{", "[")) else text

    async def refusal(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and code of what must be a refusal."""
        status, told = await self.ask(method, path, body)
        return status, told["error"]["code"]

    async def sign_in(self, name: str, password: str = PASSWORD) -> None:
        status, _ = await self.ask("POST", "/api/session", {"name": name, "password": password})
        assert status == 200

    async def join(self, link: str, **more: Any) -> dict[str, Any]:
        """Come in as far as the ticket."""
        status, told = await self.ask("POST", f"/api/rooms/{link}/join",
                                      {"name": self.name, **more})
        assert status == 200, told
        self.id = told["you"]["id"]
        return told  # type: ignore[no-any-return]

    def refused_join(self, link: str, **more: Any) -> Awaitable[tuple[int, str]]:
        return self.refusal("POST", f"/api/rooms/{link}/join", {"name": self.name, **more})

    async def socket(self, link: str, kind: str, ticket: str) -> aiohttp.ClientWebSocketResponse:
        return await self.house.http.ws_connect(
            f"{self.house.url}/api/rooms/{link}/{kind}", params={"ticket": ticket},
            headers=self.headers(), protocols=("janus-protocol",) if kind == "janus" else ())

    async def socket_status(self, link: str, kind: str, ticket: str) -> int:
        """The status with which a socket is refused; 101 where it opens."""
        try:
            await (await self.socket(link, kind, ticket)).close()
        except aiohttp.WSServerHandshakeError as error:
            return error.status
        return 101

    async def live(self, link: str, ticket: str | None = None, **more: Any) -> Live:
        """In the room, welcomed."""
        ticket = ticket or (await self.join(link, **more))["ticket"]
        live = Live(await self.socket(link, "live", ticket))
        live.welcome = await live.hear("welcome")
        return live


class House:
    """The service, its Janus and a client for all visitors."""

    def __init__(self, service: Service, janus: FakeJanus, url: str,
                 http: aiohttp.ClientSession) -> None:
        self.service, self.janus, self.url, self.http = service, janus, url, http
        self._visitors = 0

    def visitor(self, name: str = "Ada", address: str = "") -> Visitor:
        """Somebody from an address of their own."""
        self._visitors += 1
        return Visitor(self, address or f"203.0.113.{self._visitors}", name)

    def account(self, name: str, steward: bool = False) -> None:
        self.service.accounts.put(name, PASSWORD, name.title(), steward)

    async def steward(self, name: str = "stella") -> Visitor:
        """A steward who is signed in."""
        self.account(name, steward=True)
        visitor = self.visitor(name)
        await visitor.sign_in(name)
        return visitor

    async def room(self, steward: Visitor, **wish: Any) -> str:
        """A new room's link."""
        status, room = await steward.ask("POST", "/api/rooms", {"title": "Garden", **wish})
        assert status == 201, room
        return str(room["link"])


ONE_ACCOUNT = OneAccount(
    "https://account.example.org", "https://gate.example.org/gate/login?rd=",
    "https://gate.example.org/gate/logout")


def settings(data: Path, janus_port: int, account: OneAccount | None = None) -> Settings:
    """Settings as the tests' house has them: its edge is the loopback address."""
    return Settings(
        origin=ORIGIN, host="video.example.org", home="https://example.org", community="Hof & Co",
        languages=("de", "en"), edge_address="127.0.0.1", inner=IPv4Network("127.0.0.0/8"),
        room_people=12, bitrate_kbit=600, data=data, page=ROOMS / "page", account=account,
        janus_secret=SECRET, admin_key="an admin key long enough",
        turn_secret="a turn secret long enough", janus="127.0.0.1", janus_port=janus_port)


@asynccontextmanager
async def house(data: Path, account: OneAccount | None = None) -> AsyncIterator[House]:
    """Everything runs until the block ends."""
    janus = FakeJanus()
    fake = TestServer(janus.app())
    await fake.start_server()
    service = make_service(settings(data, fake.port or 0, account))
    server = TestServer(make_app(service))
    await server.start_server()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        await until(lambda: service.janus.ready)
        yield House(service, janus, str(server.make_url("")).rstrip("/"), http)
    await server.close()
    await fake.close()


async def until(true: Callable[[], bool], seconds: float = 4.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)
