# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signing in with the one account: its pages and the gate, by HTTP or in a real browser."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .job import Member, Stack

if TYPE_CHECKING:
    import httpx
    from playwright.sync_api import Page

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
WAIT = re.compile(r"wait for (\d+) seconds")
LONGEST_WAIT = 30
COOKIE = "__Secure-natm-gate"
BROWSER_MS = 30_000


class Account:
    """The account pages and the gate, as one browser without scripts."""

    def __init__(self, client: httpx.Client, stack: Stack) -> None:
        self.client, self.url, self.gate = client, stack.url("account"), stack.url("gate")
        client.headers.update({"Accept-Language": "en", "Accept": "text/html"})

    def get(self, path: str) -> httpx.Response:
        """A page, wherever it leads."""
        address = path if path.startswith("https:") else self.url + path
        return self.client.get(address, follow_redirects=True)

    def first(self, path: str) -> tuple[int, str]:
        """How a page answers at first, and where it leads."""
        answer = self.client.get(self.url + path)
        return answer.status_code, answer.headers.get("Location", "")

    def send(self, path: str, **fields: str) -> httpx.Response:
        """Fill in the form on a page and send it, with its token."""
        found = TOKEN.search(self.get(path).text)
        data = {**fields, "csrf_token": found[1] if found else ""}
        return self.client.post(self.url + path, data=data, follow_redirects=True,
                                headers={"Referer": self.url + path})

    def sign_in(self, name: str, password: str) -> httpx.Response:
        """Name on one page, password on the next."""
        page = self.send("/login", login=name)
        if page.url.path != "/auth/password":
            return page
        return self.send("/auth/password", password=password)

    def enter(self, name: str, password: str) -> httpx.Response:
        """Sign in as a patient member: after wrong passwords, those of a proof, wait as told."""
        page = self.sign_in(name, password)
        told = WAIT.search(page.text)
        if not told:
            return page
        time.sleep(min(int(told[1]), LONGEST_WAIT) + 1)
        return self.sign_in(name, password)

    def signed_in(self) -> bool:
        """Whether the account pages know who this is."""
        return self.get("/").url.path.startswith("/profile/")

    def verify(self, **headers: str) -> httpx.Response:
        """What the gate says of this browser when the edge asks."""
        # A program's question, so that a refusal is a refusal and not a way to the sign-in.
        return self.client.get(f"{self.gate}/gate/members", headers={"Accept": "*/*", **headers})

    def new_password(self, name: str, password: str) -> httpx.Response:
        """Change it on the member's own page."""
        return self.send(f"/profile/{name}/auth/password", action="edit-password",
                         password1=password, password2=password)

    def through_the_gate(self, name: str, password: str, back: str) -> httpx.Response:
        """From the gate to the sign-in and back, as if from a platform."""
        page = self.get(f"{self.gate}/gate/login?rd={quote(back, safe='')}")
        assert page.url.path == "/login", f"the gate did not lead to the sign-in: {page.url.path}"
        return self.enter(name, password)


def invented_invitation(name: str) -> str:
    """A link to make an account with this name, which nobody has signed."""
    told = json.dumps(["2099-01-01T00:00:00+00:00", name, False, "", []])
    return f"/register/{base64.b64encode(told.encode()).decode()}/x"


def told_name(answer: httpx.Response) -> str:
    """The name in the header, whose bytes are UTF-8."""
    raw = dict(answer.headers.raw).get(b"Remote-Name") or next(
        (value for key, value in answer.headers.raw if key.lower() == b"remote-name"), b"")
    return raw.decode()


def visitor(
    client: httpx.Client, stack: Stack, member: Member, kept: dict[str, Any]
) -> httpx.Client:
    """A client that the gate knows as this member; `kept` holds the session from before."""
    if member.name not in kept:
        browser = Account(client, stack)
        browser.through_the_gate(member.name, member.password, f"{browser.url}/")
        session = next((c for c in client.cookies.jar if c.name == COOKIE), None)
        assert session is not None, "the gate did not let the member in"
        kept[member.name] = session
        client.cookies.clear()
    client.headers["Accept"] = "*/*"
    client.cookies.jar.set_cookie(kept[member.name])
    return client


def sign_in_page(page: Page, member: Member) -> None:
    """Fill in the sign-in in a real browser that was led to it, and go where it leads back."""
    page.fill("input[name=login]", member.name, timeout=BROWSER_MS)
    page.press("input[name=login]", "Enter")
    page.fill("input[name=password]", member.password, timeout=BROWSER_MS)
    page.press("input[name=password]", "Enter")
