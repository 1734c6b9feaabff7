# SPDX-License-Identifier: AGPL-3.0-or-later
"""Before anything is answered: origins, limits, addresses, cookies; and the page itself."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from house import ORIGIN, PASSWORD, ROOMS, House, Visitor
from natm_rooms.errors import Refused
from natm_rooms.limits import Bucket, Connections, Limit, network_of
from natm_rooms.pages import Page

Run = Callable[[Any], None]


@pytest.mark.parametrize("origin", ["", "null", "https://evil.example", ORIGIN + ".evil.example",
                                    ORIGIN + ":444", "http://video.example.org"])
def test_another_origin_changes_nothing(run: Run, origin: str) -> None:
    async def scenario(house: House) -> None:
        stella = await house.steward()
        link = await house.room(stella)
        ticket = (await stella.join(link))["ticket"]
        stella.origin = origin
        for method, path in (("POST", "/api/rooms"), ("POST", f"/api/rooms/{link}/join"),
                             ("PATCH", f"/api/rooms/{link}"), ("DELETE", f"/api/rooms/{link}"),
                             ("POST", "/api/session"), ("DELETE", "/api/session")):
            assert await stella.refusal(method, path, {}) == (403, "bad_origin")
        assert await stella.socket_status(link, "live", ticket) == 403
        stella.origin = ORIGIN
        assert await stella.socket_status(link, "live", ticket) == 101
    run(scenario)


def test_signing_in_and_out(run: Run) -> None:
    async def scenario(house: House) -> None:
        house.account("ada")
        ada = house.visitor()
        for name, password in (("ada", "wrong one"), ("nobody", PASSWORD), ("ADA!", PASSWORD),
                               ("ada", ""), ("ada", None), (7, PASSWORD)):
            assert await ada.refusal("POST", "/api/session", {
                "name": name, "password": password}) == (403, "sign_in_wrong")
        await ada.sign_in("ada")
        cookie = ada.cookies["__Host-natm-session"]
        assert (await ada.ask("GET", "/api/me"))[1] == {
            "name": "ada", "display_name": "Ada", "steward": False}
        assert (await ada.ask("DELETE", "/api/session"))[0] == 204
        ada.cookies["__Host-natm-session"] = cookie
        assert (await ada.ask("GET", "/api/me"))[1]["name"] is None
        assert cookie.partition(".")[2] not in house.service.accounts.path.read_text()
    run(scenario)


def test_cookies_are_for_this_host_alone_and_no_script(run: Run) -> None:
    async def scenario(house: House) -> None:
        link = await house.room(await house.steward())
        house.account("ada")
        for path, body, name, strict in (
                ("/api/session", {"name": "ada", "password": PASSWORD}, "session", "Strict"),
                (f"/api/rooms/{link}/join", {"name": "Ada"}, "device", "Lax")):
            async with house.http.post(house.url + path, json=body,
                                       headers={"Origin": ORIGIN}) as answer:
                told = answer.headers["Set-Cookie"]
            assert told.startswith(f"__Host-natm-{name}=")
            assert {"HttpOnly", "Secure", "Path=/", f"SameSite={strict}"} <= set(told.split("; "))
            assert "Domain" not in told
    run(scenario)


def test_guessing_passwords_is_slow_and_only_for_who_does(run: Run) -> None:
    async def scenario(house: House) -> None:
        house.account("ada")
        eve, ada = house.visitor(), house.visitor()
        wrong = {"name": "ada", "password": "wrong password"}
        for _ in range(10):
            assert (await eve.ask("POST", "/api/session", wrong))[0] == 403
        status, told = await eve.ask("POST", "/api/session", wrong)
        assert (status, told["error"]["code"]) == (429, "too_many")
        assert told["error"]["retry_after"] > 0
        await ada.sign_in("ada")
    run(scenario)


def test_guessing_rooms_is_slow_and_tells_nothing(run: Run) -> None:
    async def scenario(house: House) -> None:
        link = await house.room(await house.steward())
        eve = house.visitor()
        inside = house.visitor("Bo", eve.address)
        await inside.live(link)
        for _ in range(20):
            assert (await eve.refused_join("zebra-zebra-zebra-zebra-zebra"))[0] == 404
        assert (await eve.refused_join("zebra-zebra-zebra-zebra-zebra"))[0] == 429
        assert (await eve.refused_join(link))[0] == 429
        await inside.join(link)
        await house.visitor().join(link)
    run(scenario)


def test_a_flood_is_refused_and_a_meeting_goes_on(run: Run) -> None:
    async def scenario(house: House) -> None:
        link = await house.room(await house.steward())
        live = await house.visitor().live(link)
        eve = house.visitor()
        found = await asyncio.gather(*(eve.ask("GET", "/api/me") for _ in range(300)))
        assert sum(status == 429 for status, _ in found) >= 30
        assert await live.quiet() == []
        await house.visitor().join(link)
    run(scenario)


def test_only_the_edge_is_believed_about_addresses(run: Run) -> None:
    async def scenario(house: House) -> None:
        eve = house.visitor()
        for number in range(24):  # a forged first hop makes no other address
            eve.headers = lambda n=number: {  # type: ignore[method-assign,misc]
                "Origin": ORIGIN, "X-Forwarded-For": f"10.0.0.{n}, {eve.address}"}
            status, _ = await eve.refused_join("zebra-zebra-zebra-zebra-zebra")
        assert status == 429
        object.__setattr__(house.service.settings, "edge_address", "192.0.2.1")
        strangers = [Visitor(house, f"198.51.100.{n}") for n in range(24)]
        found = [(await one.refused_join("zebra-zebra-zebra-zebra-zebra"))[0] for one in strangers]
        assert found[-1] == 429
    run(scenario)


@pytest.mark.parametrize(("body", "kind", "status"), [
    (b"{", "application/json", 400), (b"[]", "application/json", 400),
    (b"{}", "text/plain", 400), (b"{}", "application/x-www-form-urlencoded", 400),
    (b'{"a":' * 3000, "application/json", 400), (b" " * 17_000, "application/json", 413),
    (b"\xff\xfe", "application/json", 400),
])
def test_what_is_no_json_object_is_refused(run: Run, body: bytes, kind: str, status: int) -> None:
    async def scenario(house: House) -> None:
        async with house.http.post(f"{house.url}/api/session", data=body, headers={
                "Origin": ORIGIN, "Content-Type": kind}) as answer:
            assert answer.status == status
            assert (await answer.json())["error"]["code"] == "bad_request"
    run(scenario)


def test_every_answer_is_closed_to_others(run: Run) -> None:
    async def scenario(house: House) -> None:
        for path in ("/", "/api/me", "/api/none", "/nothing/here", "/robots.txt",
                     "/kind-otter-brave-canoe-lamp"):
            async with house.http.get(house.url + path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "wss://video.example.org;" in policy
                assert "unsafe" not in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert "Server" not in answer.headers
                assert "Python" not in await answer.text()
    run(scenario)


async def fetched(http: aiohttp.ClientSession, url: str, **headers: str) -> tuple[Any, str]:
    async with http.get(url, headers=headers) as answer:
        return answer, await answer.text()


def test_the_page_is_served_to_be_kept(run: Run) -> None:
    async def scenario(house: House) -> None:
        index, text = await fetched(house.http, f"{house.url}/", **{"Accept-Language": "en-GB"})
        assert index.headers["Cache-Control"] == "no-cache"
        assert '<html lang="en" dir="ltr">' in text
        assert "%" not in re.sub(r"\d%", "", text)
        paths = re.findall(r'"(/page/[^"]+)"', text)
        for path in paths:
            if "/lib/" in path:
                continue  # They come with the image.
            answer, _ = await fetched(house.http, house.url + path)
            assert answer.status == 200, path
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        old = re.sub(r"[0-9a-f]{16}", "0" * 16, paths[0])
        assert (await fetched(house.http, house.url + old))[0].headers[
            "Cache-Control"] == "no-store"
        base = paths[0].rpartition("/")[0]
        for wrong in ("../index.html", "%2e%2e/natm_rooms/app.py", "README.md", "index.html",
                      "..%2fnatm_rooms%2fapp.py", "/etc/passwd"):
            assert (await fetched(house.http, f"{house.url}{base}/{wrong}"))[0].status == 404
        assert (await fetched(house.http, f"{house.url}/kind-otter"))[0].status == 404
    run(scenario)


def test_the_version_is_the_content_and_the_language_one_there_is(tmp_path: Path) -> None:
    shutil.copytree(ROOMS / "page", tmp_path / "page")
    before = Page(tmp_path / "page")
    assert before.version == Page(tmp_path / "page").version
    for code in ("ar", "de"):
        (tmp_path / f"page/words/{code}.json").write_text(json.dumps({}))
    page = Page(tmp_path / "page")
    assert page.version != before.version
    assert page.choose("fr, de;q=0.5, ar;q=0.8", ("de",)) == "ar"
    assert page.choose("*, xx;q=.;q=", ("sw", "de")) == "de"
    assert page.choose("de;q=0", ("sw",)) == "en"
    assert '<html lang="ar" dir="rtl">' in page.index("ar")


@pytest.mark.parametrize(("address", "network"), [
    ("203.0.113.7", "203.0.113.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
    ("::ffff:203.0.113.7", "203.0.113.7"), ("", "unknown"), ("x, y", "unknown"),
    ("fe80::1%eth0", "fe80::/64"),
])
def test_a_household_counts_as_one(address: str, network: str) -> None:
    assert network_of(address) == network


def test_buckets_fill_again_and_memory_is_bounded() -> None:
    now = [0.0]
    bucket = Bucket(2, 0.5, lambda: now[0])
    assert [bucket.take(), bucket.take(), bucket.take()] == [0, 0, 2]
    now[0] = 2
    assert bucket.take() == 0
    limit = Limit((1, 1), (1e6, 1e6), lambda: now[0])
    for number in range(5000):
        limit.take(str(number))
    assert len(limit._buckets) == 4096
    with pytest.raises(Refused):
        limit.take("4999")


def test_open_sockets_are_counted() -> None:
    sockets = Connections(each=2, all_=3)
    for key in "aab":
        sockets.enter(key)
    for key in "abc":
        with pytest.raises(Refused):
            sockets.enter(key)
    sockets.leave("a")
    sockets.enter("c")
