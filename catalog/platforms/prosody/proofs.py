# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members do in the chat, tried for real."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from natm_stack.checks import starttls, xmpp

ROUTE, PORT = "chat", "5222/tcp"
BROWSER_MS = 30_000
# Twice a minute and more often the chat asks who may still be there.
HEARD_S = 60


@pytest.fixture
def ada(stack, members) -> Iterator[xmpp.Session]:
    with xmpp.sign_in(stack, ROUTE, members[0].name, members[0].password) as session:
        yield session


@pytest.fixture
def ben(stack, members) -> Iterator[xmpp.Session]:
    with xmpp.sign_in(stack, ROUTE, members[1].name, members[1].password) as session:
        yield session


@pytest.fixture
def room(stack, marker, ada) -> Iterator[str]:
    """A room of this proof's own, so that no member's screen shows what is tried here."""
    address = f"natm-proof-{marker}@rooms.{stack.domain}"
    ada.enter(address, "ada", create=True)
    yield address
    ada.destroy(address)


@pytest.fixture
def third(natm_job):
    """One more member, whom a proof may lock out."""
    if len(natm_job.members) < 3:
        pytest.skip("no third throwaway member could be made")
    return natm_job.members[2]


@pytest.fixture
def steward(stack, members, account):
    """The first member is a steward: their browser, signed in at the account pages."""
    browser = account()
    browser.enter(members[0].name, members[0].password)
    return browser


def eventually(what: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether something comes true in time: the archive may write a moment later."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def test_two_members_talk(ada, ben, marker):
    """A member writes to another, and the answer comes back."""
    ada.send(ben.bare_jid, f"hello {marker}")
    heard = ben.wait_for(lambda m: marker in m.body, "the first member's message")
    assert heard.body == f"hello {marker}", "the message came, but with other words"
    assert heard.sender.partition("/")[0] == ada.bare_jid, "the message bears another sender"
    ben.send(ada.bare_jid, f"hello back {marker}")
    answer = ada.wait_for(lambda m: marker in m.body, "the answer")
    assert answer.body == f"hello back {marker}", "the answer came, but with other words"


def test_archive_keeps_what_was_said(stack, members, ada, ben, marker):
    """A member reads on another device what was said before it was switched on."""
    ada.send(ben.bare_jid, f"remember {marker}")
    ben.wait_for(lambda m: marker in m.body, "the message")
    with xmpp.sign_in(stack, ROUTE, members[1].name, members[1].password) as later:
        def kept() -> bool:
            return f"remember {marker}" in [m.body for m in later.archive(beside=ada.bare_jid)]
        assert eventually(kept), "the message is not in the archive of the one who received it"


def test_room(ada, ben, room, marker):
    """A member makes a room, another comes in, both read each other, and the room remembers."""
    ben.enter(room, "ben")
    ada.send(room, f"from ada {marker}", kind="groupchat")
    ben.send(room, f"from ben {marker}", kind="groupchat")
    for reader in (ada, ben):
        for nick in ("ada", "ben"):
            words = f"from {nick} {marker}"
            heard = reader.wait_for(
                lambda m, words=words: m.body == words, f"{nick}'s words in the room")
            assert heard.sender == f"{room}/{nick}", "the words bear another name"

    def kept() -> bool:
        return {f"from {n} {marker}" for n in ("ada", "ben")} <= {
            m.body for m in ben.archive(room=room)}
    assert eventually(kept), "the room's archive does not hold what was said"


def test_lobby_is_there(stack, ada):
    """A member finds the room that everyone meets in first, under its name."""
    query = xmpp.ET.Element("query", xmlns="http://jabber.org/protocol/disco#info")
    answer = ada.ask("get", f"lobby@rooms.{stack.domain}", query)
    features = {e.get("var") for e in answer.iter() if e.tag.endswith("}feature")}
    assert "muc_persistent" in features, "the lobby would vanish when it is empty"
    assert "muc_open" in features, "the lobby does not let every member in"


def test_shared_file(ada, ben, web, marker):
    """A member shares a file, and another downloads the same bytes."""
    content = marker.encode() + secrets.token_bytes(300_000)
    slot = ada.upload_slot(f"{marker}.bin", len(content), "application/octet-stream")
    with web() as client:
        put = client.put(slot.put_url, content=content, headers={
            **slot.headers, "content-type": "application/octet-stream"})
        assert put.status_code == 201, f"the upload was answered with {put.status_code}"
        ada.send(ben.bare_jid, slot.get_url)
        link = ben.wait_for(lambda m: marker in m.body, "the link to the file").body
        got = client.get(link)
    assert got.status_code == 200, f"the download was answered with {got.status_code}"
    assert hashlib.sha256(got.content).digest() == hashlib.sha256(content).digest(), \
        "the file came back with other bytes"
    assert "attachment" in got.headers["content-disposition"], \
        "a browser would open an unknown file instead of saving it"


def test_upload_needs_permission(stack, ada, web, marker):
    """A member's place for a file takes no one else's file, and no file that is too large."""
    slot = ada.upload_slot(f"{marker}.txt", 10, "text/plain")
    with web() as client:
        refused = client.put(slot.put_url, content=b"0123456789")
    assert refused.status_code == 401, f"without permission the answer was {refused.status_code}"
    limit = int(stack.settings["upload_limit_mb"]) * 1024 * 1024
    with pytest.raises(xmpp.XmppError):
        ada.upload_slot(f"{marker}-large.bin", limit + 1, "application/octet-stream")


def test_wrong_password_is_refused(stack, members):
    """A member's name with a wrong password is refused, and so is a name nobody has."""
    for name in (members[0].name, f"natm-proof-{secrets.token_hex(4)}"):
        with pytest.raises(xmpp.SignInRefused):
            xmpp.sign_in(stack, ROUTE, name, secrets.token_urlsafe(12)).close()


def test_nobody_registers(stack, members, ada):
    """A member's account is made by the stewards alone: the chat registers nobody."""
    query = xmpp.ET.Element("query", xmlns="jabber:iq:register")
    xmpp.ET.SubElement(query, "username").text = f"natm-proof-{secrets.token_hex(4)}"
    xmpp.ET.SubElement(query, "password").text = secrets.token_urlsafe(12)
    with pytest.raises(xmpp.XmppError):
        ada.ask("set", stack.domain, query)


def test_closed_paths(stack, web):
    """A member's browser finds the chat page, and nothing of the server's insides."""
    with web() as client:
        page = client.get(stack.url(ROUTE))
        assert page.status_code == 200, f"the page was answered with {page.status_code}"
        policy = page.headers.get("content-security-policy", "")
        assert "default-src 'none'" in policy, "the page may load things from elsewhere"
        for path in ("/metrics", "/admin", "/register", "/upload", "/.well-known/host-meta"):
            status = client.get(stack.url(ROUTE) + path).status_code
            assert status == 404, f"{path} was answered with {status}"


def test_apps_are_offered_encryption(stack):
    """A member's XMPP app is offered encryption, with a certificate that is good for the domain."""
    shown = starttls.certificate(stack.port(PORT), stack.domain, stack.tls())
    names = [value for kind, value in shown.get("subjectAltName", ()) if kind == "DNS"]
    assert stack.domain in names, f"the certificate is for {', '.join(names)}"


def test_apps_sign_in(stack, members, ben, marker):
    """A member signs in with an XMPP app, encrypted, and writes to another."""
    with xmpp.sign_in(stack, ROUTE, members[0].name, members[0].password, port=PORT) as app:
        app.send(ben.bare_jid, f"from an app {marker}")
        heard = ben.wait_for(lambda m: marker in m.body, "the words from the app")
        assert heard.body == f"from an app {marker}", "the words came, but others than written"
    with pytest.raises(xmpp.SignInRefused):
        xmpp.sign_in(stack, ROUTE, members[0].name, secrets.token_urlsafe(12), port=PORT).close()


def test_stewards_look_after_the_lobby(stack, ada, ben):
    """A steward may change the room that everyone meets in, and a member who is none may not."""
    query = xmpp.ET.Element("query", xmlns=xmpp.MUC_OWNER)
    lobby = f"lobby@rooms.{stack.domain}"
    form = ada.ask("get", lobby, query)
    assert form.find(f".//{{{xmpp.DATA_FORM}}}x") is not None, "the steward is shown no settings"
    with pytest.raises(xmpp.XmppError):
        ben.ask("get", lobby, query)


@pytest.mark.one_account
def test_the_accounts_password(stack, third, account):
    """A member signs in to the chat with the account's name and password, and sets none here."""
    browser = account()
    browser.enter(third.name, third.password)
    assert browser.signed_in(), "the account pages do not know the member"
    with xmpp.sign_in(stack, ROUTE, third.name, third.password) as session:
        change = xmpp.ET.Element("query", xmlns="jabber:iq:register")
        xmpp.ET.SubElement(change, "username").text = third.name
        xmpp.ET.SubElement(change, "password").text = secrets.token_urlsafe(12)
        with pytest.raises(xmpp.XmppError):
            session.ask("set", None, change)


@pytest.mark.one_account
def test_a_locked_member_is_out(stack, third, steward):
    """A member whom a steward locks out is out of the chat within a minute, and stays out."""
    settings = f"/profile/{third.name}/settings"
    with xmpp.sign_in(stack, ROUTE, third.name, third.password) as session:
        steward.send(settings, action="lock-execute")
        try:
            assert session.is_ended(HEARD_S), "the open session goes on"
            with pytest.raises(xmpp.SignInRefused):
                xmpp.sign_in(stack, ROUTE, third.name, third.password).close()
        finally:
            steward.send(settings, action="unlock")
    xmpp.sign_in(stack, ROUTE, third.name, third.password).close()


@pytest.mark.one_account
def test_another_password_ends_the_chat(stack, third, account, marker):
    """A member who changes the password is out of the chat elsewhere within a minute."""
    browser, new = account(), f"quite another {marker}"
    browser.enter(third.name, third.password)
    with xmpp.sign_in(stack, ROUTE, third.name, third.password) as session:
        time.sleep(1.1)  # the directory counts in whole seconds
        browser.new_password(third.name, new)
        try:
            with xmpp.sign_in(stack, ROUTE, third.name, new) as fresh:
                assert session.is_ended(HEARD_S), "the session with the old password goes on"
                assert not fresh.is_ended(1), "the session with the new password was ended too"
        finally:
            browser.new_password(third.name, third.password)


@pytest.mark.one_account
def test_a_forgotten_telephone(stack, third, marker):
    """A member's telephone with an old password, which tries again and again, shuts nobody out."""
    for _ in range(12):
        with pytest.raises(xmpp.SignInRefused):
            xmpp.sign_in(stack, ROUTE, third.name, f"old-{marker}").close()
    xmpp.sign_in(stack, ROUTE, third.name, third.password).close()


@pytest.mark.browser
def test_chat_page(stack, members, ben, room, browser, marker):
    """A member signs in on the chat page and writes in a room; another member receives it."""
    hosts: set[str] = set()
    browser.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
    ben.enter(room, "ben")
    browser.goto(f"{stack.url(ROUTE)}/#converse/room?jid={room}")
    browser.locator("input[name=jid]").fill(members[0].name, timeout=BROWSER_MS)
    browser.locator("input[name=password]").fill(members[0].password)
    browser.locator("#converse-login button[type=submit]").click()
    box = browser.locator(f"converse-muc[jid='{room}'] textarea.chat-textarea")
    box.fill(f"from the page {marker}", timeout=BROWSER_MS)
    box.press("Enter")
    heard = ben.wait_for(lambda m: marker in m.body, "the words written on the page")
    assert heard.body == f"from the page {marker}", "the words came, but others than written"
    ben.send(room, f"to the page {marker}", kind="groupchat")
    browser.get_by_text(f"to the page {marker}").first.wait_for(timeout=BROWSER_MS)
    assert hosts <= {urlsplit(stack.url(ROUTE)).hostname}, f"the page asked others: {hosts}"
