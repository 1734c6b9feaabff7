# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members do in video rooms, tried for real; and what strangers may not."""

from __future__ import annotations

import secrets
import socket
import ssl
import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from natm_stack.checks import turn
from natm_stack.checks.account import sign_in_page
from natm_stack.checks.videoroom import (
    BROWSER_MS,
    FORBIDDEN,
    Talk,
    all_meet,
    body,
    code,
    enter,
    refused,
    stats,
)
from natm_stack.checks.websocket import SocketClosed

ROUTE = "video"
pytest_plugins = ["natm_stack.checks.videohouse"]


# --- rooms and tickets

def test_room_by_words(steward, room, device, marker):
    """A member goes to a room by its five words, without an account; another room is not there."""
    link = room()
    assert len(link.split("-")) == 5, f"the link is {link}"
    guest = device()
    answer = guest.join(link, "Guest")
    assert answer.status_code == 200, f"the guest was not let in: {answer.text}"
    told = answer.json()
    assert told["room"]["title"] == f"Proof {marker}", "the room bears another title"
    assert told["you"]["steward"] is False, "a guest came in as a steward"
    assert told["you"]["member"] is False, "a guest came in as a member"
    other = "-".join(reversed(link.split("-")))
    assert code(device().join(other, "Guest")) == "404 unknown_room"


def test_tickets(room, device):
    """A member's ticket opens the room once; a wrong, used or foreign one is refused."""
    link, elsewhere = room(), room()
    ada, eve = device(), device()
    ticket, foreign = ada.ticket(link, "Ada"), eve.ticket(elsewhere, "Eve")
    head, _, tail = ticket.partition(".")
    wrong = f"{head}.{tail[:-3]}{'AAA' if tail[-3:] != 'AAA' else 'BBB'}"
    live = ada.live(link, ada.ticket(link, "Ada"))
    for what, who, bad in (("made up", ada, "none"), ("wrong", ada, wrong), ("empty", ada, ""),
                           ("of another room", ada, foreign), ("of another device", eve, ticket)):
        for way in (who.live, who.media):
            assert refused(lambda way=way, bad=bad: way(link, bad)), f"a ticket {what} was good"
    live.close()
    live, media = ada.live(link, ticket), ada.media(link, ticket)
    for way in (ada.live, ada.media):
        assert refused(lambda way=way: way(link, ticket)), "a used ticket was good again"
    live.close()
    media.close()


def test_ticket_ends(room, device):
    """A member's ticket is worth nothing after a minute."""
    link, ada = room(), device()
    answer = ada.join(link, "Ada").json()
    assert answer["expires_in"] <= 60, f"a ticket lasts {answer['expires_in']} seconds"
    time.sleep(answer["expires_in"] + 2)
    assert refused(lambda: ada.live(link, answer["ticket"])), "an old ticket was good"


def test_pin_lock_and_places(steward, room, device):
    """A member meets a PIN, a locked door and a full room, and each says what it is."""
    link = room(pin="4711", max_people=2)
    guest = device()
    assert code(guest.join(link, "Guest")) == "403 pin_needed"
    assert code(guest.join(link, "Guest", pin="4712")) == "403 pin_wrong"
    first = guest.live(link, guest.ticket(link, "Guest", pin="4711"))
    first.wait("welcome")
    assert steward.ask("PATCH", f"/rooms/{link}", {"locked": True}).status_code == 200
    assert first.wait("room")["room"]["locked"] is True, "those inside did not hear of the lock"
    assert code(device().join(link, "Other", pin="4711")) == "423 locked"
    steward.ask("PATCH", f"/rooms/{link}", {"locked": False, "pin": None})
    second = device()
    other = second.live(link, second.ticket(link, "Other"))
    other.wait("welcome")
    assert code(device().join(link, "Third")) == "409 full"
    first.close()
    other.close()


def test_only_stewards_lead(members, signed_in, room, device):
    """A member who is no steward makes no room and leads nobody, and neither does a guest."""
    link, member, guest = room(), signed_in(members[1]), device()
    assert member.ask("GET", "/me").json()["name"] == members[1].name, "a member is not known"
    for who in (member, guest):
        for method, path, said in (
            ("GET", "/rooms", None), ("POST", "/rooms", {"title": "Mine"}),
            ("PATCH", f"/rooms/{link}", {"locked": True}), ("DELETE", f"/rooms/{link}", None),
            ("POST", f"/rooms/{link}/end", {}), ("POST", f"/rooms/{link}/invite", {}),
            ("DELETE", f"/rooms/{link}/invite", None),
        ):
            assert code(who.ask(method, path, said)) == "403 stewards_only", f"{method} {path}"
    live, other = guest.live(link, guest.ticket(link, "Guest")), device()
    target = other.live(link, other.ticket(link, "Other"))
    id_ = target.wait("welcome")["you"]["id"]
    for do in ("mute", "remove", "mute_all", "forgive"):
        with suppress(SocketClosed, OSError):
            live.say("lead", do=do, id=id_)
    target.say("ping")
    target.wait("pong")
    target.say("chat", text="still here", mid="1")
    assert target.wait("chat")["text"] == "still here", "a guest could remove somebody"


def test_own_name(members, signed_in, steward, room, device):
    """A member who has signed in is in the room under their own name, whatever they type."""
    link, bo = room(), signed_in(members[1])
    assert device().ask("GET", "/me").json()["name"] is None, "a stranger is taken for a member"
    shown = bo.ask("GET", "/me").json()["display_name"]
    live = bo.live(link, bo.ticket(link, "Somebody else"))
    you = live.wait("welcome")["you"]
    assert (you["name"], you["member"], you["steward"]) == (shown, True, False), f"it is {you}"
    lead = steward.live(link, steward.ticket(link, ""))
    welcome = lead.wait("welcome")
    assert welcome["you"]["steward"] is True, "a steward does not lead"
    assert shown in [p["name"] for p in welcome["people"]], "others see another name"
    lead.close()
    live.close()


def test_rooms_for_members(members, signed_in, steward, room, device):
    """A member's room is closed to strangers, but for those with a guest link, until it ends."""
    link, other = room(guests="invited"), room(guests="none")
    made = steward.ask("POST", f"/rooms/{link}/invite", {"hours": 1})
    assert made.status_code == 201, f"no guest link was made: {made.text}"
    invite = made.json()["invite"]
    assert 0 < made.json()["ends"] - time.time() <= 3600, "the guest link has no end"
    guest, bo = device(), signed_in(members[1])
    assert code(guest.join(link, "Guest")) == "403 invite_needed"
    assert code(guest.join(other, "Guest", invite=invite)) == "403 members_only"
    ends, _, signature = invite.partition(".")
    later = f"{int(ends) + 3600}.{signature}"
    assert code(guest.join(link, "Guest", invite=later)) == "403 invite_over", "an end was moved"
    assert guest.join(link, "Guest", invite=invite).status_code == 200, "a guest link is not good"
    for one in (link, other):
        assert bo.join(one, "").status_code == 200, "a member was not let in"
    assert steward.ask("DELETE", f"/rooms/{link}/invite").status_code == 204
    assert code(device().join(link, "Late", invite=invite)) == "403 invite_over"


def test_wrong_password(stack, members, device):
    """A member's name with a wrong password is refused; with one account, there is no box here."""
    if stack.sign_in == "header":
        right = {"name": members[1].name, "password": members[1].password}
        assert code(device().ask("POST", "/session", right)) == "404 not_found"
        return
    for name in (members[1].name, f"natm-proof-{secrets.token_hex(4)}"):
        wrong = {"name": name, "password": secrets.token_urlsafe(12)}
        assert code(device().ask("POST", "/session", wrong)) == "403 sign_in_wrong"


def test_other_sites_get_nothing(room, steward, device):
    """A member's browser on another site cannot use the rooms in the member's name."""
    link, bad = room(), "https://elsewhere.example"
    answer = steward.ask("POST", "/rooms", {"title": "Forged"}, origin=bad)
    assert answer.status_code == 403, f"another site made a room: {answer.status_code}"
    guest = device()
    ticket = guest.ticket(link, "Guest")
    for way in (guest.live, guest.media):
        assert refused(lambda way=way: way(link, ticket, origin=bad)), "another site came in"


# --- together

def test_chat_in_order(room, device, marker):
    """A member writes, and all read the same words in the same order, also who comes later."""
    link, channels = room(), []
    for name in ("Ada", "Ben", "Cleo"):
        own = device()
        channels.append(own.live(link, own.ticket(link, name)))
        channels[-1].wait("welcome")
    for number in range(12):
        channels[number % 3].say("chat", text=f"{marker} {number}", mid=f"m{number}")
    seen = [[c.wait("chat") for _ in range(12)] for c in channels]
    orders = [[(said["n"], said["text"]) for said in one] for one in seen]
    assert orders[0] == orders[1] == orders[2], "not everybody read the same order"
    assert [n for n, _ in orders[0]] == list(range(1, 13)), "the numbers have gaps"
    for writer in range(3):
        own = [text for _, text in orders[0] if int(text.split()[1]) % 3 == writer]
        assert own == sorted(own, key=lambda text: int(text.split()[1])), "one's words were turned"
    later = device()
    welcome = later.live(link, later.ticket(link, "Late")).wait("welcome")
    assert [(c["n"], c["text"]) for c in welcome["chat"]] == orders[0], "who came later lacks some"
    for channel in channels:
        channel.close()


def test_removed_stays_out(steward, room, device):
    """A member removed by a steward is out at once and stays out, with a new device as well."""
    link, guest = room(), device()
    out = guest.live(link, guest.ticket(link, "Guest"))
    id_ = out.wait("welcome")["you"]["id"]
    lead = steward.live(link, steward.ticket(link, ""))
    lead.wait("welcome")
    lead.say("lead", do="remove", id=id_)
    out.wait("removed")
    assert lead.wait("left")["id"] == id_, "the others still see the removed one"
    assert code(guest.join(link, "Guest")) == "403 removed"
    assert code(device().join(link, "Somebody")) == "403 removed_nearby"
    lead.say("lead", do="forgive")
    lead.say("ping")
    lead.wait("pong")
    assert device().join(link, "Somebody").status_code == 200, "others there were not let in again"
    assert code(guest.join(link, "Guest")) == "403 removed", "forgiving let the removed device in"
    lead.close()


def test_janus_is_guarded(room, device):
    """A member's browser can ask Janus for its own room and nothing else."""
    link, own = room(), device()
    live = own.live(link, own.ticket(link, "Guest"))
    live.wait("welcome")
    for what, message in FORBIDDEN.items():
        talk = Talk(own.media(link, own.ticket(link, "Guest"))).begin()
        try:
            answer = talk.ask(message)
        except (SocketClosed, OSError):
            continue
        assert answer["janus"] == "error" or "error_code" in str(answer), f"it could {what}"
        talk.close()
    live.close()


def test_nobody_speaks_for_another(room, device):
    """A member who names another room or another person to Janus still gets their own."""
    link, elsewhere, own = room(), room(), device()
    told = own.join(link, "Ada").json()
    live = own.live(link, told["ticket"])
    live.wait("welcome")
    talk = Talk(own.media(link, told["ticket"])).begin()
    answer = talk.ask(body(request="join", ptype="publisher", room=elsewhere, id="p000000000000",
                           display="Somebody else"))
    joined = answer["plugindata"]["data"]
    assert joined["videoroom"] == "joined", f"the answer was {joined}"
    assert joined["id"] == told["you"]["id"], "a chosen id was taken"
    assert elsewhere not in str(joined), "another room was joined"
    talk.close()
    live.close()


def test_relay_refuses_strangers(stack, credential):
    """A member's relay takes the credential of this meeting and no other."""
    name, password = credential
    ends, _, person = name.partition(":")
    assert int(ends) - time.time() < 1800, "a credential lasts longer than half an hour"
    old = turn.credential("not the secret", int(time.time()) - 60, person)
    for wrong in ((name, "wrong"), (f"{int(ends) + 86400}:{person}", password), old, ("", "")):
        for udp in (True, False):
            number = "3478/udp" if udp else "3478/tcp"
            with turn.Relay(stack.port(number), *wrong, udp=udp) as relay, \
                    pytest.raises(turn.Refused) as refusal:
                relay.allocate()
            assert refusal.value.code in (400, 401), f"the answer was {refusal.value.code}"


def test_relay_leads_to_janus_alone(stack, credential):
    """A member's relay is no way into the server's networks, nor to anybody outside."""
    address = stack.port("3478/udp")
    with turn.Relay(address, *credential, udp=True) as relay:
        own = relay.allocate()[0]
        published = {socket.gethostbyname(host) for host, _ in stack.ports.values()}
        others = ["127.0.0.1", "0.0.0.0", own, stack.address(ROUTE), *published, "10.0.0.1",
                  "192.168.1.1", "169.254.169.254", "192.0.2.1", "8.8.8.8", "224.0.0.251",
                  "255.255.255.255"]
        network = own.rpartition(".")[0]
        first = int(own.rpartition(".")[2]) & 240
        near = [f"{network}.{first + n}" for n in range(1, 15)]
        open_ = [peer for peer in [*others, *near] if relay.leads_to(peer)]
        relay.refresh(0)
    assert len(open_) == 1, f"the relay leads to {', '.join(open_) or 'nobody'}"
    assert open_[0] in near, f"the relay leads out of its own network, to {open_[0]}"


def test_relay_inside_tls(stack, credential):
    """A member behind a strict network reaches the relay inside TLS, with the right certificate."""
    host = stack.host(ROUTE)
    with turn.Relay(stack.port("5349/tcp"), *credential, tls=stack.tls(), host=host) as relay:
        assert host in relay.certificate_names(), "the certificate is for another name"
        relay.allocate()
        relay.refresh(0)
    with pytest.raises(ssl.SSLError):
        turn.Relay(stack.port("5349/tcp"), *credential, tls=stack.tls(), host="other.example")


def test_closed_paths(stack, web):
    """A member's browser finds the page, a strict policy, and nothing of Janus itself."""
    with web() as client:
        page = client.get(stack.url(ROUTE))
        assert page.status_code == 200, f"the page was answered with {page.status_code}"
        policy = page.headers.get("content-security-policy", "")
        assert "default-src 'none'" in policy, "the page may load things from elsewhere"
        for path in ("/janus", "/admin", "/janus/info", "/api/janus", "/page/../etc/passwd",
                     "/data/rooms.json", "/metrics"):
            status = client.get(stack.url(ROUTE) + path).status_code
            assert status in (403, 404), f"{path} was answered with {status}"


# --- in browsers

@pytest.mark.browser
def test_three_meet(stack, room, browsers):
    """A member meets two others: all three see and hear each other, and ask no other server."""
    link, hosts = room(), set()
    pages = [browsers() for _ in range(3)]
    for page, name in zip(pages, ("Ada", "Ben", "Cleo"), strict=True):
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        enter(page, f"{stack.url(ROUTE)}/{link}", name)
    all_meet(pages, 2)
    assert hosts - {None, ""} <= {stack.host(ROUTE)}, f"the page asked others: {hosts}"


@pytest.mark.browser
def test_sign_in_on_the_page(stack, members, room, browsers):
    """A member signs in from the page, is back there under their own name, and goes in."""
    page, address = browsers(), f"{stack.url(ROUTE)}/"
    page.goto(address)
    if stack.sign_in == "header":
        assert page.locator("input[type=password]:visible").count() == 0, "there is a second box"
        page.locator("#to-sign-in").click(timeout=BROWSER_MS)
        sign_in_page(page, members[0])
        page.locator("#to-sign-out").wait_for(timeout=BROWSER_MS)
        assert page.url == address, f"the sign-in led to {page.url}"
        assert page.locator("[data-action=sign-out]:visible").count() == 0, "two ways out"
    else:
        page.locator("#sign-in summary").click(timeout=BROWSER_MS)
        page.locator("#sign-in-name").fill(members[0].name)
        page.locator("#sign-in-password").fill(members[0].password)
        page.locator("[data-action=sign-in]").click()
        page.locator("[data-action=sign-out]").wait_for(timeout=BROWSER_MS)
    page.goto(f"{stack.url(ROUTE)}/{room(guests='none')}")
    assert page.locator("#name").get_attribute("readonly") is not None, "the name can be changed"
    page.locator("[data-action=join]").click(timeout=BROWSER_MS)
    page.locator("html[data-state=in]").wait_for(state="attached", timeout=BROWSER_MS)


@pytest.mark.browser
def test_by_relay_alone(stack, room, browsers):
    """A member whose network lets nothing else through meets another by the relay."""
    address = f"{stack.url(ROUTE)}/{room()}"
    far, near = browsers(), browsers()
    enter(far, f"{address}#relay", "Far")
    enter(near, address, "Near")
    all_meet([far, near], 1)
    sent = stats(far)
    assert sent["sent"]["relay"] is True, "media went out past the relay"
    assert all(feed["relay"] for feed in sent["feeds"].values()), "media came in past the relay"


@pytest.mark.browser
def test_screen(stack, room, browsers):
    """A member shares a screen and another sees it."""
    link = room()
    ada, ben = browsers(), browsers()
    for page, name in ((ada, "Ada"), (ben, "Ben")):
        enter(page, f"{stack.url(ROUTE)}/{link}", name)
    ada.locator("[data-action=share]").first.click()
    end, screens = time.monotonic() + 45, []
    while time.monotonic() < end and not any(frames > 2 for frames in screens):
        ben.wait_for_timeout(1000)
        screens = [f["frames"] for id_, f in stats(ben)["feeds"].items() if id_.endswith("-screen")]
    assert any(frames > 2 for frames in screens), f"of shared screens were decoded: {screens}"


@pytest.mark.browser
def test_removed_in_browser(stack, steward, room, browsers):
    """A member who was removed sees why, and does not get back in."""
    link = room()
    page, address = browsers(), f"{stack.url(ROUTE)}/{link}"
    enter(page, address, "Guest")
    lead = steward.live(link, steward.ticket(link, ""))
    guest = next(p for p in lead.wait("welcome")["people"] if p["name"] == "Guest")
    lead.say("lead", do="remove", id=guest["id"])
    page.locator("html[data-state=removed]").wait_for(state="attached", timeout=BROWSER_MS)
    page.goto(f"{address}?again")
    page.locator("#name").fill("Guest again", timeout=BROWSER_MS)
    page.locator("[data-action=join]").click(timeout=BROWSER_MS)
    page.wait_for_timeout(3000)
    assert page.evaluate("() => natmRoom.state") != "in", "the removed one came back in"
    lead.close()
