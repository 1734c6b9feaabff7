# SPDX-License-Identifier: AGPL-3.0-or-later
"""The doors of all platforms that believe the edge who somebody is: tried by members and by liars.

Each answers with the sentences about what is wrong; none means that all is well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import httpx

from .job import Door, Member, Stack

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .account import Account

LIES = ("Remote-User", "Remote_User", "remote_user", "REMOTE-USER", "X-Remote-User",
        "X-Forwarded-User")
VISIT = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


def lies(member: Member) -> dict[str, str]:
    """Every header we know of by which software is told who somebody is."""
    rest = {"Remote-Groups": "members,stewards", "Remote-Name": member.name,
            "Remote-Email": f"{member.name}@example.org"}
    return {**dict.fromkeys(LIES, member.name), **rest}


def shows(answer: httpx.Response, member: Member) -> bool:
    """Whether the platform took them for this member; some write the first letter large."""
    return answer.status_code == 200 and member.name in answer.text.lower()


def known(client: httpx.Client, doors: Iterable[Door], member: Member) -> list[str]:
    """A member who has signed in is known at each door."""
    wrong = []
    for door in doors:
        answer = client.get(door.url + door.shows)
        if not shows(answer, member):
            wrong.append(f"{door.platform} does not know them: {answer.status_code}")
    return wrong


def closed(client: httpx.Client, doors: Iterable[Door], member: Member,
           headers: dict[str, str]) -> list[str]:
    """Somebody with no session, whatever they claim by headers, is nobody at each door."""
    wrong = []
    for door in doors:
        answer = client.get(door.url + door.shows, headers=headers)
        if shows(answer, member):
            wrong.append(f"{door.platform} takes a stranger for a member")
        if door.lets_in != "everyone" and answer.status_code not in (401, 403):
            wrong.append(f"{door.platform} lets strangers in: {answer.status_code}")
    return wrong


def leads_to_the_sign_in(client: httpx.Client, stack: Stack) -> list[str]:
    """A visit by a stranger is led to the sign-in, where members alone come in."""
    begins, wrong = f"{stack.url('gate')}/gate/login?rd=", []
    for door in stack.doors:
        if door.lets_in != "everyone":
            answer = client.get(f"{door.url}/", headers=VISIT)
            if not answer.headers.get("Location", "").startswith(begins):
                wrong.append(f"{door.platform} leads visitors elsewhere: {answer.status_code}")
    return wrong


def closed_inside(doors: Iterable[Door], member: Member) -> list[str]:
    """A program on the platform's own network that lies as the edge would speak is not believed."""
    wrong = []
    for door in doors:
        host, port = door.direct
        headers = {**lies(member), "Host": door.host, "X-Forwarded-Host": door.host,
                   "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
        with httpx.Client(timeout=20, trust_env=False) as client:
            answer = client.get(f"http://{host}:{port}{door.shows}", headers=headers)
        if shows(answer, member):
            wrong.append(f"{door.platform} believes whoever is on its network")
    return wrong


def known_in_browser(page: Page, doors: Iterable[Door], member: Member) -> list[str]:
    """A browser that has signed in once is known at each door, and meets no box for a password."""
    wrong = []
    for door in doors:
        page.goto(door.url + door.shows)
        if member.name not in page.content().lower():
            wrong.append(f"{door.platform} does not know them")
        page.goto(f"{door.url}/")
        if page.locator("input[type=password]:visible").count():
            wrong.append(f"{door.platform} asks for another password")
    return wrong


def until(well: Callable[[], list[str]], seconds: float) -> list[str]:
    """What is still wrong after so long."""
    end = time.monotonic() + seconds
    while (wrong := well()) and time.monotonic() < end:
        time.sleep(1)
    return wrong


def elsewhere(stack: Stack) -> list[str]:
    """Addresses that look like ours, or lead out of the community."""
    ours, host, domain = stack.url("account"), stack.host("account"), stack.domain
    return [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "http:" + ours[6:],
        f"https://evil.example\\@{host}/", f"{ours}@evil.example/", f"{ours}.evil.example/",
        f"https://evil.example#{host}", f"https://evil.example?{host}", "javascript:alert(1)",
        f"https://{domain}.evil.example/", f"https://evil{domain}/", ours + "\\..",
        f"https://a.b.{domain}/", f"https://{host}:1/", f"{ours}/\r\nX-Evil: 1", "data:,x",
        f"https://user@{host}/", "https:evil.example", "https:///evil.example",
    ]


def framed_or_kept(browser: Account) -> Iterator[str]:
    """What another site, or a cache, could do with the pages to sign in on."""
    for address in (f"{browser.url}/login", f"{browser.gate}/gate/signed-out"):
        answer = browser.client.get(address)
        policy = answer.headers.get_list("Content-Security-Policy")
        if not policy or any("frame-ancestors 'none'" not in one for one in policy):
            yield f"another site may frame {address}"
        if answer.headers["Cache-Control"] != "no-store":
            yield f"{address} may be kept"
    for cookie in browser.client.get(f"{browser.url}/login").headers.get_list("Set-Cookie"):
        missing = [w for w in ("Secure", "HttpOnly", "SameSite=Lax") if w not in cookie]
        if missing:
            yield f"a cookie is not {missing[0]}"
