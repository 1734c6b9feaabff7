# SPDX-License-Identifier: AGPL-3.0-or-later
"""A lost password, and a second factor beside it; what is wrong with them, in sentences."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterator

from .account import TOKEN, Account
from .doors import until
from .job import Member

HEARD_S = 60
PAGE = "/second-factor"
SECRET = re.compile(r"<code>([A-Z2-7]{32})</code>")


def code(secret: str, offset: int = 0) -> str:
    """The code that a telephone shows now (RFC 6238), or so many half minutes later."""
    step = (int(time.time()) // 30 + offset).to_bytes(8, "big")
    digest = hmac.digest(base64.b32decode(secret), step, hashlib.sha1)
    start = digest[-1] & 15
    number = int.from_bytes(digest[start:start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def lost(account: Callable[[], Account], member: Member, marker: str) -> Iterator[str]:
    """What is wrong with the page for a lost password."""
    page = account().get("/lost").text
    if "steward" not in page:
        yield "it does not say whom to ask"
    if 'name="login"' in page:
        told = {account().send("/lost", login=name).text.replace(name, "")
                for name in (member.name, f"nobody-{marker}"[:30])}
        if len(told) > 1:
            yield "it tells who is a member"
    for token in ("x", f"WyJ{marker}.x.y", "a" * 5000):
        if 'name="confirmation"' in account().get(f"/lost/{token}").text:
            yield "an invented link is taken"


def of_others(steward: Account, browser: Account, member: Member) -> Iterator[str]:
    """How a steward could become another member on the account pages."""
    found = TOKEN.search(steward.get(f"/profile/{member.name}").text)
    form = {"action": "edit-password", "password1": "a steward's idea",
            "password2": "a steward's idea", "csrf_token": found[1] if found else ""}
    for page in ("password", "password?x=/", "otp", "fido2"):
        address = f"{steward.url}/profile/{member.name}/auth/{page}"
        answer = steward.client.post(address, data=form, headers={"Referer": address})
        if answer.status_code not in (403, 404):
            yield f"{page} of another member answered {answer.status_code}"
    steward.send(f"/profile/{member.name}", action="edit-profile", **{"emails-0": "x@example.org"})
    browser.enter(member.name, member.password)
    if not browser.signed_in():
        yield "the member's password is another one"
    if "x@example.org" in browser.get(f"/profile/{member.name}").text:
        yield "the member's letters go to the steward"


def second_factor(account: Callable[[], Account], member: Member) -> list[str]:
    """What does not go as it should with a member who wants a second factor."""
    browser, other = account(), account()
    for one in (other, browser):
        one.through_the_gate(member.name, member.password, f"{one.url}/")
    time.sleep(1.1)  # the directory counts in whole seconds
    shown = SECRET.search(browser.get(PAGE).text)
    if not shown:
        return ["the page shows nothing for a telephone"]
    used = code(shown[1], -1)
    on = browser.send(PAGE, password=member.password, otp=used)
    if "Switched on" not in on.text:
        return ["it was not switched on"]
    try:
        return [*_sessions(browser, other), *_sign_in(account(), member, shown[1], used)]
    finally:
        off = browser.send(PAGE, password=member.password, otp=code(shown[1], 1))
        assert "Switched off" in off.text, "it was not switched off"


def _sessions(browser: Account, other: Account) -> Iterator[str]:
    if not browser.signed_in():
        yield "their own browser was signed out"
    if other.signed_in():
        yield "a browser from before is still in, without a code"
    yield from until(lambda: ["the gate kept the older session"]
                     if other.verify().status_code != 401 else [], HEARD_S)


def _sign_in(late: Account, member: Member, secret: str, used: str) -> Iterator[str]:
    def password_only() -> None:
        late.through_the_gate(member.name, member.password, f"{late.url}/")

    for step in ("/", PAGE, f"/profile/{member.name}"):
        password_only()
        if late.get(step).url.path != "/login":
            yield f"{step} opened without a code"
    if late.verify().status_code != 401:
        yield "the gate opened without a code"
    if late.client.get(f"{late.gate}/gate/programs",
                       auth=(member.name, member.password)).status_code != 401:
        yield "a program came in by the password alone"
    for otp, fits in ((used, False), ("x", False), (code(secret), True)):
        password_only()
        late.send("/auth/code", otp=otp)
        if late.signed_in() is not fits:
            yield f"a right code did not fit: {otp}" if fits else f"this code fitted: {otp}"
    if late.verify().status_code != 200:
        yield "the gate does not know them after the code"
