# SPDX-License-Identifier: AGPL-3.0-or-later
"""A member comes into a real app by OpenID Connect."""

from __future__ import annotations

import re

import pytest

from natm_stack.checks import doors
from natm_stack.checks.account import sign_in_page

WHO = re.compile(r'id="(who|name|groups)">([^<]*)<')
HEARD_S = 60


def told(page: str) -> dict[str, str]:
    """Whom the app takes them for."""
    return dict(WHO.findall(page))


def test_sign_in(stack, members, account):
    """A member is led from the app to the sign-in and back, and the app knows who it is."""
    browser, home = account(), f"{stack.url('lounge')}/"
    assert browser.get(home).url.path == "/login", "strangers are not led to the sign-in"
    page = browser.enter(members[0].name, members[0].password)
    assert str(page.url) == home, f"it led to {page.url}"
    assert told(page.text)["who"] == members[0].name, "it is somebody else"
    assert told(page.text)["groups"] == "members", "the groups are wrong"
    again = browser.get(f"{browser.gate}/gate/login?rd={home}")
    assert told(again.text)["who"] == members[0].name, "the gate asks for another sign-in"


def test_forged(stack, members, account):
    """A stranger who claims to be a member by headers or an invented answer is nobody."""
    stranger, home = account().client, f"{stack.url('lounge')}/"
    for address in (home, f"{home}oidc/callback?code=x&state=y"):
        answer = stranger.get(address, headers={
            "Remote-User": members[0].name, "OIDC_CLAIM_sub": members[0].name})
        assert answer.status_code in (302, 400), f"{address} answered {answer.status_code}"
        assert members[0].name not in answer.text, "a claim is believed"


def test_locked_out(stack, members, account):
    """A member who changes the password is out of the app within a minute, until they sign in."""
    browser, other = account(), account()
    home = f"{stack.url('lounge')}/"
    for one in (browser, other):
        one.get(home)
        one.enter(members[1].name, members[1].password)
    assert told(other.client.get(home).text)["who"] == members[1].name, "the app does not know them"
    browser.new_password(members[1].name, "another long password")
    try:
        wrong = doors.until(lambda: ["the app still lets them in"]
                            if other.client.get(home).status_code == 200 else [], HEARD_S)
        assert not wrong, wrong[0]
    finally:
        browser.new_password(members[1].name, members[1].password)


@pytest.mark.browser
def test_in_a_browser(stack, members, browser):
    """A member signs in to the app in a real browser."""
    browser.goto(f"{stack.url('lounge')}/")
    sign_in_page(browser, members[0])
    browser.wait_for_selector("#who", timeout=20_000)
    assert browser.inner_text("#who") == members[0].name, "it is somebody else"
