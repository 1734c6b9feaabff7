# SPDX-License-Identifier: AGPL-3.0-or-later
"""Proofs that a member's one account opens what it should, and nothing opens without it."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from natm_stack.checks import doors, passwords
from natm_stack.checks.account import TOKEN, WAIT, invented_invitation, sign_in_page, told_name

HEADERS = ["Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups"]
# What a lock takes to be heard of everywhere, as the gate asks the directory twice a minute.
HEARD_S = 60


@pytest.fixture
def members(natm_job):
    """Two members; the third one of these proofs is a steward."""
    if len(natm_job.members) < 3:
        pytest.skip("no throwaway members could be made")
    return list(natm_job.members[1:])


@pytest.fixture
def steward(natm_job, members, account):
    """A steward's browser, signed in."""
    browser = account()
    browser.enter(natm_job.members[0].name, natm_job.members[0].password)
    return browser


def test_profile(members, account):
    """A member signs in and sees their own profile, and nobody else's."""
    ada, bo = members
    browser = account()
    page = browser.enter(ada.name, ada.password)
    assert page.url.path == f"/profile/{ada.name}", f"signing in led to {page.url.path}"
    assert page.status_code == 200, f"the profile answered {page.status_code}"
    assert ada.name in browser.get(f"/profile/{ada.name}/settings").text, "it is not their profile"
    for path in (f"/profile/{bo.name}", f"/profile/{bo.name}/settings",
                 f"/profile/{bo.name}/auth/password"):
        assert browser.get(path).status_code in (403, 404), f"another member's {path} is open"


def test_another_name(members, account, marker):
    """A member changes the name others see, in any script, and the platforms are told."""
    ada, name = members[0], f"Zoë O'Neill مريم {marker[-6:]}"
    browser = account()
    browser.through_the_gate(ada.name, ada.password, f"{browser.url}/")
    page = browser.send(f"/profile/{ada.name}", action="edit-profile", display_name=name,
                        preferred_language="auto")
    assert page.status_code == 200, f"the profile answered {page.status_code}"
    assert "updated successfully" in page.text, "the name was not saved"
    until = time.monotonic() + 40
    while time.monotonic() < until and told_name(browser.verify()) != name:
        time.sleep(1)
    assert told_name(browser.verify()) == name, "the gate tells another name after 40 seconds"


def test_wrong_password(members, account, marker):
    """A member's account does not open with a wrong password, nor with another member's."""
    ada, bo = members
    for name, password in ((ada.name, f"not-{marker}"), (f"nobody-{marker}"[:30], ada.password)):
        browser = account()
        page = browser.sign_in(name, password)
        assert page.url.path in ("/auth/password", "/login"), f"it led to {page.url.path}"
        assert not browser.signed_in(), f"{name} got in"
        assert browser.verify().status_code == 401, f"the gate lets {name} in"
    browser = account()
    browser.enter(bo.name, ada.password)
    assert not browser.signed_in(), "another member's password fits"


def test_strangers(members, account, marker):
    """A stranger cannot register, see who is a member, or reach any page behind the sign-in."""
    stranger = account()
    there, not_there = f"/profile/{members[0].name}", f"/profile/nobody-{marker}"
    assert stranger.first(there) == stranger.first(not_there), "it tells who is a member"
    for path in ("/users", "/groups", "/profile", "/invite", there, f"{there}/settings",
                 "/groups/members", "/consent", "/register"):
        assert stranger.get(path).url.path == "/login", f"{path} is open to strangers"
    for path in ("/scim/v2", "/scim/v2/Users", "/scim/v2/ServiceProviderConfig", "/admin/client",
                 "/admin/mail", "/join", "/reset", "/oauth/register", f"/reset/{members[0].name}",
                 invented_invitation(members[0].name), invented_invitation(f"x{marker}"[:30]),
                 f"/firstlogin/{members[0].name}", f"/impersonate/{members[0].name}"):
        assert stranger.get(path).status_code == 404, f"{path} is there"
    made = stranger.client.post(f"{stranger.url}/register", data={"user_name": "intruder"})
    assert made.status_code in (400, 403, 404), f"a stranger could register: {made.status_code}"
    app = stranger.client.post(f"{stranger.url}/oauth/register", json={"redirect_uris": []})
    fetched = stranger.get("/oauth/authorize?client_id=gate&request_uri=http://directory:1389/")
    assert fetched.status_code == 400, f"it fetches what it is told: {fetched.status_code}"
    assert app.status_code in (400, 401, 403, 404), f"an app could register: {app.status_code}"


def test_a_name_is_not_enough(members, account):
    """A member's name alone opens nothing, by no step of the sign-in out of turn."""
    for step in ("/auth/otp-setup", "/auth/otp", "/auth/fido2-setup", "/auth/email", "/auth/sms"):
        browser = account()
        browser.send("/login", login=members[0].name)
        assert browser.get(step).status_code == 404, f"{step} is there"
        assert not browser.signed_in(), f"{step} let somebody in without a password"


def test_members_are_no_stewards(members, account):
    """A member cannot see or change other people, groups or apps, nor delete their own account."""
    ada, bo = members
    browser = account()
    browser.enter(ada.name, ada.password)
    for path in ("/users", "/groups", "/groups/members", "/groups/add", "/profile", "/invite",
                 "/admin/client", "/admin/mail", f"/impersonate/{bo.name}"):
        assert browser.get(path).status_code in (403, 404, 500), f"{path} is open to members"
        assert bo.name not in browser.get(path).text, f"{path} names another member"
    own = f"/profile/{ada.name}/settings"
    for action in ("delete-confirm", "delete-execute", "lock-execute", "unlock"):
        for way in (own, f"{own}?action=edit-settings"):
            assert browser.send(way, action=action).status_code == 403, f"a member could {action}"
    left = browser.client.post(f"{browser.url}/groups/members/leave", headers={
        "Referer": browser.url}, data={})
    assert left.status_code in (400, 403), f"a member could leave the members: {left.status_code}"
    token = TOKEN.search(browser.get(f"/profile/{ada.name}").text)
    browser.client.post(f"{browser.url}{own}", headers={"Referer": browser.url + own}, data={
        "csrf_token": token[1] if token else "", "action": "edit-settings", "groups": "stewards",
        "user_name": "intruder", "lock_date": ""})
    again = account()
    again.through_the_gate(ada.name, ada.password, f"{again.url}/")
    assert again.verify().headers["Remote-Groups"] == "members", "a member became a steward"


def test_round_trip_of_the_gate(members, account, marker):
    """A member who is sent to the sign-in comes back to where they were, and is known there."""
    ada = members[0]
    browser = account()
    assert browser.verify().status_code == 401, "a stranger is let in"
    back = f"{browser.url}/profile/{ada.name}?from={marker}&a=b%26c"
    page = browser.through_the_gate(ada.name, ada.password, back)
    assert str(page.url) == back, f"it led back to {page.url}"
    answer = browser.verify()
    assert answer.status_code == 200, f"the gate answered {answer.status_code}"
    assert answer.headers["Remote-User"] == ada.name, "the gate takes them for somebody else"
    assert [name for name in HEADERS if name not in answer.headers] == [], "a header is missing"
    assert answer.headers["Remote-Groups"] == "members", "the groups are wrong"
    assert answer.headers["Remote-Name"], "the name is empty"


def test_a_visit_is_led_to_the_sign_in(stack, account):
    """A member who is not signed in is led to the sign-in from a page, by an address of ours."""
    visit = {"Accept": "text/html", "X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/a?b=c&d=e"}
    answer = account().verify(**visit)
    assert answer.status_code in (302, 401), f"the gate answered {answer.status_code}"
    if answer.status_code == 302:
        to = urlsplit(answer.headers["Location"])
        assert f"{to.scheme}://{to.netloc}" == stack.url("gate"), "it leads elsewhere"
        assert parse_qs(to.query)["rd"][0].startswith(f"{stack.url('gate')}/"), "it leads elsewhere"


def test_forged_headers(members, account):
    """A stranger who says by a header who they are is not believed; nor is a member."""
    forged = {"Remote-User": members[0].name, "Remote-Groups": "stewards", "Remote-Name": "x",
              "Remote-Email": "x@example.org", "X-Forwarded-User": members[0].name,
              "Remote_User": members[0].name}
    stranger = account().verify(**forged)
    assert stranger.status_code == 401, f"a header is enough: {stranger.status_code}"
    assert not stranger.headers.get("Remote-User"), "the header came back"
    browser = account()
    browser.through_the_gate(members[1].name, members[1].password, f"{browser.url}/")
    answer = browser.verify(**forged)
    assert answer.headers["Remote-User"] == members[1].name, "a header made somebody else of them"
    assert answer.headers["Remote-Groups"] == "members", "a header made a steward"
    for cookie in ("x", "../../keys/key", "A" * 43, "%00"):
        liar = account()
        liar.client.headers["Cookie"] = f"__Secure-natm-gate={cookie}"
        assert liar.verify().status_code == 401, "an invented session is believed"


def test_no_way_out_of_the_community(stack, members, account):
    """A member is never led to another site by a link to the sign-in."""
    ours = stack.url("account")
    signed_in = account()
    signed_in.through_the_gate(members[0].name, members[0].password, f"{ours}/")
    for browser in (account(), signed_in):
        for address in doors.elsewhere(stack):
            answer = browser.client.get(
                f"{browser.gate}/gate/login?rd={quote(address, safe='')}")
            assert answer.status_code == 400, f"{address} was followed: {answer.status_code}"
    wrong = account().get(f"{signed_in.gate}/gate/callback?code=x&state=y")
    assert wrong.status_code == 400, f"an answer nobody asked for is taken: {wrong.status_code}"


def test_a_sign_in_of_somebody_else_is_not_taken(members, account):
    """A member cannot be made to come in as somebody else by a link with another's answer in it."""
    attacker, victim = account(), account()
    attacker.enter(members[1].name, members[1].password)
    asked = attacker.client.get(f"{attacker.gate}/gate/login").headers["Location"]
    answer = attacker.client.get(asked)
    assert "/gate/callback?" in answer.headers.get("Location", ""), "no answer was given"
    assert victim.get(answer.headers["Location"]).status_code == 400, "another's answer was taken"
    assert victim.verify().status_code == 401, "the victim is signed in as somebody else"


def test_signing_out(members, account):
    """A member signs out once and is out of the gate and of the account pages."""
    ada = members[0]
    for way in ("gate", "account"):
        browser = account()
        browser.through_the_gate(ada.name, ada.password, f"{browser.url}/")
        kept = dict(browser.client.cookies)
        address = f"{browser.gate}/gate/logout" if way == "gate" else f"{browser.url}/logout"
        page = browser.get(address)
        assert page.status_code == 200, f"signing out answered {page.status_code}"
        assert browser.verify().status_code == 401, f"{way}: the gate still lets them in"
        assert not browser.signed_in(), f"{way}: the account pages still know them"
        thief = account()
        cookie = f"__Secure-natm-gate={kept['__Secure-natm-gate']}"
        assert thief.verify(Cookie=cookie).status_code == 401, f"{way}: the session lives on"
    elsewhere = account()
    elsewhere.through_the_gate(ada.name, ada.password, f"{elsewhere.url}/")
    elsewhere.client.get(f"{elsewhere.gate}/gate/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.verify().status_code == 200, "another site's link signs members out"


def test_programs_sign_in_with_a_password(members, account, marker):
    """A member's program, such as a network drive, is known by name and password alone."""
    client = account().client
    address = f"{account().gate}/gate/programs"
    right = client.get(address, auth=(members[0].name, members[0].password))
    assert right.status_code == 200, f"the right password was refused: {right.status_code}"
    assert right.headers["Remote-User"] == members[0].name, "it is somebody else"
    for name, password in ((members[0].name, f"not-{marker}"), (members[0].name, ""),
                           ("*", members[0].password), ("natm-nobody", "x")):
        wrong = client.get(address, auth=(name, password))
        assert wrong.status_code == 401, f"{name} with a wrong password: {wrong.status_code}"
        assert wrong.headers["WWW-Authenticate"].startswith("Basic"), "programs are not asked again"
        assert not wrong.headers["Remote-User"], "a refusal names somebody"


def test_changed_password(members, account, marker):
    """A member changes the password: the new one fits, the old not, other browsers are out."""
    ada, new = members[0], f"quite another {marker}"
    browser, other = account(), account()
    other.through_the_gate(ada.name, ada.password, f"{other.url}/")
    browser.enter(ada.name, ada.password)
    time.sleep(1.1)  # the directory counts in whole seconds
    page = browser.new_password(ada.name, new)
    try:
        assert "updated successfully" in page.text, "the password was not changed"
        assert browser.signed_in(), "their own browser was signed out"
        assert not other.signed_in(), "another browser is still signed in"
        old, fresh = account(), account()
        old.sign_in(ada.name, ada.password)
        assert not old.signed_in(), "the old password still fits"
        fresh.enter(ada.name, new)
        assert fresh.signed_in(), "the new password does not fit"
        until = time.monotonic() + 35
        while other.verify().status_code == 200 and time.monotonic() < until:
            time.sleep(1)
        assert other.verify().status_code == 401, "the gate kept the older session"
    finally:
        browser.new_password(ada.name, ada.password)


def test_lost_password(members, account, marker):
    """A member who lost the password learns what to do, and nobody learns who is a member."""
    assert not (wrong := list(passwords.lost(account, members[0], marker))), "; ".join(wrong)


def test_second_factor(members, account):
    """A member switches on a second factor: the password alone opens nothing in a browser."""
    assert not (wrong := passwords.second_factor(account, members[0])), "; ".join(wrong)


def test_discovery(stack, account):
    """A member's apps find the sign-in under its public address, with keys that stay the same."""
    client = account().client
    url = stack.url("account")
    found = client.get(f"{url}/.well-known/openid-configuration").json()
    assert found["issuer"] == url, f"the issuer is {found['issuer']}"
    for key in ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"):
        assert found[key].startswith(f"{url}/"), f"{key} is {found[key]}"
    keys = [client.get(found["jwks_uri"]).json()["keys"] for _ in range(3)]
    assert keys[0] == keys[1] == keys[2], "the keys change"
    assert keys[0], "there are no keys"
    assert all(not {"d", "p", "q"} & set(key) for key in keys[0]), "a private key is shown"


def test_pages_keep_to_themselves(account):
    """A member's sign-in cannot be framed, cached or made to load things from elsewhere."""
    wrong = list(doors.framed_or_kept(account()))
    assert not wrong, "; ".join(wrong)


def test_one_sign_in_opens_everything(stack, members, visit):
    """A member who has signed in once is known on every platform that asks the gate."""
    need_doors(stack)
    wrong = doors.known(visit(members[0]), stack.doors, members[0])
    assert not wrong, "; ".join(wrong)


def need_doors(stack):
    if not stack.doors:
        pytest.skip("no platform of this stack asks the gate")


def test_strangers_at_every_door(stack, members, web):
    """A stranger is nobody on every platform, and is led to the sign-in where members alone go."""
    need_doors(stack)
    wrong = doors.closed(web(), stack.doors, members[0], {})
    wrong += doors.leads_to_the_sign_in(web(), stack)
    assert not wrong, "; ".join(wrong)


def test_forged_headers_at_every_door(stack, members, web, visit):
    """A stranger who claims by headers to be a member is believed nowhere, from inside neither."""
    need_doors(stack)
    ada, bo = members
    wrong = doors.closed(web(), stack.doors, ada, doors.lies(ada))
    wrong += doors.closed_inside(stack.doors, ada)
    other = visit(bo)
    other.headers.update(doors.lies(ada))
    wrong += doors.known(other, stack.doors, bo)
    assert not wrong, "; ".join(wrong)


def test_a_locked_member_is_out_everywhere(stack, members, steward, account, visit):
    """A member whom a steward locks out is nobody on every platform, with open sessions too."""
    bo = members[1]
    browser, client = account(), visit(bo)
    browser.enter(bo.name, bo.password)
    settings = f"/profile/{bo.name}/settings"
    assert not doors.known(client, stack.doors, bo), "the member was not in beforehand"
    steward.send(settings, action="lock-execute")
    try:
        wrong = doors.until(lambda: doors.closed(client, stack.doors, bo, {}), HEARD_S)
        assert not wrong, "; ".join(wrong)
        assert not browser.signed_in(), "the account pages still know them"
        again = account()
        again.enter(bo.name, bo.password)
        assert not again.signed_in(), "the password still fits"
        drive = account().client.get(f"{browser.gate}/gate/programs", auth=(bo.name, bo.password))
        assert drive.status_code == 401, "their programs still come in"
    finally:
        steward.send(settings, action="unlock")


def test_stewards_become_nobody_else(members, steward, account):
    """A member's password is their own: no steward sets it on the account pages."""
    wrong = list(passwords.of_others(steward, account(), members[0]))
    assert not wrong, "; ".join(wrong)


@pytest.mark.browser
def test_sign_in_with_a_browser(stack, members, browser):
    """A member signs in with a browser on a small screen and finds their profile."""
    asked: set[str] = set()
    browser.set_viewport_size({"width": 390, "height": 800})
    browser.on("request", lambda request: asked.add(httpx.URL(request.url).host))
    browser.goto(f"{stack.url('gate')}/gate/login")
    sign_in_page(browser, members[1])
    browser.wait_for_url(f"**/profile/{members[1].name}", timeout=20_000)
    wide = browser.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390, f"the profile is {wide} pixels wide on a screen of 390"
    assert asked - {""} <= {stack.host("account"), stack.host("gate")}, f"asked: {sorted(asked)}"


@pytest.mark.browser
def test_one_sign_in_in_a_browser(stack, members, browser):
    """A member signs in once with a browser and is known everywhere, with no other password."""
    need_doors(stack)
    browser.goto(f"{stack.url('gate')}/gate/login")
    sign_in_page(browser, members[0])
    browser.wait_for_url(f"**/profile/{members[0].name}", timeout=20_000)
    wrong = doors.known_in_browser(browser, stack.doors, members[0])
    assert not wrong, "; ".join(wrong)


def test_guessing_is_stopped(members, account, marker):
    """A member whose password is guessed ten times must wait a while, is told so; others not."""
    ada, bo = members
    guesser = account()
    pages = [guesser.sign_in(bo.name, f"guess {number} {marker}") for number in range(10)]
    told = [int(found[1]) for page in pages if (found := WAIT.search(page.text))]
    assert told, "nothing says how long to wait"
    right = account()
    page = right.sign_in(bo.name, bo.password)
    assert not right.signed_in(), "the account is open after ten wrong passwords"
    wait = WAIT.search(page.text)
    assert wait, "the member is not told when it ends"
    other = account()
    other.enter(ada.name, ada.password)
    assert other.signed_in(), "another member is locked out too"
    assert int(wait[1]) <= 60, f"after ten guesses in a row the wait is {wait[1]} seconds"
    time.sleep(int(wait[1]) + 2)
    right.sign_in(bo.name, bo.password)
    assert right.signed_in(), "the lock did not end when it should have"
