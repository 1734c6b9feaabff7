# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members do in video rooms, tried for real; and what strangers may not."""

from __future__ import annotations

import secrets
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from natm_stack.checks import turn
from natm_stack.checks.job import Member
from natm_stack.checks.videoroom import (
    BROWSER_MS,
    Device,
    Talk,
    all_meet,
    allowed,
    an_hour_late,
    body,
    by_the_account,
    by_the_form,
    code,
    come,
    comes_in,
    enter,
    flood,
    go_in,
    goes_on,
    guest_link_opens,
    known_to_each_other,
    led,
    refused,
    relays_used,
    screens_seen,
    with_session,
    written_in_turn,
)
from natm_stack.checks.websocket import SocketClosed

ROUTE = "video"
SESSION: dict[str, dict[str, str]] = {}
"""Members' cookies: signing in again for each proof would be too often in a short time."""


@pytest.fixture
def device(stack, web) -> Callable[[], Device]:
    """Makes devices."""
    return lambda: Device(stack, ROUTE, web())


@pytest.fixture
def signed_in(stack, device, visit) -> Callable[[Member], Device]:
    """Makes devices of members who have signed in, at the gate or here."""
    if stack.sign_in == "header":
        return lambda member: Device(stack, ROUTE, visit(member))
    return lambda member: with_session(device(), member, SESSION)


@pytest.fixture
def steward(members, signed_in) -> Device:
    """A steward, signed in."""
    own = signed_in(members[0])
    assert own.ask("GET", "/me").json()["steward"] is True, "a steward is not known as one"
    return own


@pytest.fixture
def room(steward, marker) -> Iterator[Callable[..., str]]:
    """Makes rooms; they are gone after the proof."""
    links: list[str] = []

    def make(**more: object) -> str:
        answer = steward.ask("POST", "/rooms", {"title": f"Proof {marker}", **more})
        assert answer.status_code == 201, f"a steward could not make a room: {answer.text}"
        links.append(answer.json()["link"])
        return links[-1]

    yield make
    for link in links:
        steward.ask("DELETE", f"/rooms/{link}")


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
    assert told["you"] | {"steward": False, "member": False} == told["you"], "a guest is more"
    assert code(device().join("-".join(link.split("-")[::-1]), "Guest")) == "404 unknown_room"


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
        assert set(led(who, link).values()) == {"403 stewards_only"}, f"it is {led(who, link)}"
    live, other = guest.live(link, guest.ticket(link, "Guest")), device()
    target = other.live(link, other.ticket(link, "Other"))
    id_ = target.wait("welcome")["you"]["id"]
    for do in ("mute", "remove", "mute_all", "forgive"):
        with suppress(SocketClosed, OSError):
            live.say("lead", do=do, id=id_)
    target.settle()
    target.say("chat", text="still here", mid="1")
    assert target.wait("chat")["text"] == "still here", "a guest could remove somebody"


def test_own_name(members, signed_in, steward, room, device):
    """A member who has signed in is in the room under their own name, whatever they type."""
    assert device().ask("GET", "/me").json()["name"] is None, "a stranger is taken for a member"
    known_to_each_other(signed_in(members[1]), steward, room())


def test_rooms_for_members(members, signed_in, steward, room, device):
    """A member's room is closed to strangers, but for those with a guest link, until it ends."""
    link, other, bo = room(guests="invited"), room(guests="none"), signed_in(members[1])
    guest_link_opens(device(), steward, link, other)
    for one in (link, other):
        assert bo.join(one, "").status_code == 200, "a member was not let in"


def test_wrong_password(stack, members, device):
    """A member's name with a wrong password is refused; with one account, there is no box here."""
    refusal = "404 not_found" if stack.sign_in == "header" else "403 sign_in_wrong"
    for name in (members[1].name, f"natm-proof-{secrets.token_hex(4)}"):
        wrong = {"name": name, "password": secrets.token_urlsafe(12)}
        assert code(device().ask("POST", "/session", wrong)) == refusal


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
    order = written_in_turn(channels, marker)
    later = device()
    welcome = later.live(link, later.ticket(link, "Late")).wait("welcome")
    assert [(c["n"], c["text"]) for c in welcome["chat"]] == order, "who came later lacks some"
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
    lead.settle()
    assert device().join(link, "Somebody").status_code == 200, "others there were not let in again"
    assert code(guest.join(link, "Guest")) == "403 removed", "forgiving let the removed device in"
    lead.close()


# --- Janus through the service

def test_janus_is_guarded(room, device):
    """A member's browser can ask Janus for its own room and nothing else."""
    link, own = room(), device()
    live = own.live(link, own.ticket(link, "Guest"))
    live.wait("welcome")
    done = allowed(own, link)
    assert not done, f"it could {', '.join(done)}"
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


# --- the relay

@pytest.fixture
def credential(room, device) -> tuple[str, str]:
    """Name and password for the relay, as a member who comes in gets them."""
    server = device().join(room(), "Ada").json()["ice_servers"][0]
    return server["username"], server["credential"]


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
    published = {socket.gethostbyname(host) for host, _ in stack.ports.values()}
    near, open_ = turn.where_to(stack.port("3478/udp"), credential,
                                [stack.address(ROUTE), *published])
    assert len(open_) == 1, f"the relay leads to {', '.join(open_) or 'nobody'}"
    assert open_[0] in near, f"the relay leads out of its own network, to {open_[0]}"


def test_relay_keeps_places_for_others(stack, room, device, credential):
    """A member finds a place in the relay, however much one address asks for."""
    taken = turn.all_places(stack.port("3478/udp"), credential, most=400)
    assert 150 <= taken <= 200, f"one address could take {taken} places"
    other = device().join(room(), "Ben").json()["ice_servers"][0]["username"]
    assert other.partition(":")[2] == credential[0].partition(":")[2], "new names get new places"


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
    """A member meets two others, one with a wrong clock: all see and hear each other here."""
    link, hosts = room(), set()
    pages = [browsers(), browsers(), an_hour_late(browsers())]
    for page, name in zip(pages, ("Ada", "Ben", "Cleo"), strict=True):
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        enter(page, f"{stack.url(ROUTE)}/{link}", name)
    all_meet(pages, 2)
    assert hosts - {None, ""} <= {stack.host(ROUTE)}, f"the page asked others: {hosts}"


@pytest.mark.browser
def test_sign_in_on_the_page(stack, members, room, browsers):
    """A member signs in from the page, is back there under their own name, and goes in."""
    page, sign_in = browsers(), by_the_account if stack.sign_in == "header" else by_the_form
    sign_in(page, f"{stack.url(ROUTE)}/", members[0])
    page.goto(f"{stack.url(ROUTE)}/{room(guests='none')}")
    assert page.locator("#name").get_attribute("readonly") is not None, "the name can be changed"
    go_in(page)


@pytest.mark.browser
def test_by_relay_alone(stack, room, browsers):
    """A member whose network lets nothing else through meets another by the relay, inside TLS."""
    pages = come(browsers, f"{stack.url(ROUTE)}/{room()}", "#relay=tls", "#relay", "")
    all_meet(pages, 2)
    for page, ways in zip(pages, ({"tls"}, {"udp", "tcp", "tls"}, {False}), strict=True):
        assert relays_used(page) <= ways, f"media went by {relays_used(page)}, wanted {ways}"


@pytest.mark.browser
def test_screen(stack, room, browsers):
    """A member shares a screen and another sees it."""
    ada, ben = come(browsers, f"{stack.url(ROUTE)}/{room()}", "", "")
    ada.locator("[data-action=share]").first.click()
    screens = screens_seen(ben, 45)
    assert any(frames > 2 for frames in screens), f"of shared screens were decoded: {screens}"


@pytest.mark.browser
def test_removed_in_browser(stack, steward, room, browsers):
    """A member who was removed sees why, and does not get back in."""
    link, page = room(), browsers()
    enter(page, address := f"{stack.url(ROUTE)}/{link}", "Guest")
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


@pytest.mark.browser
def test_flood(stack, room, device, browsers):
    """A member's meeting goes on while somebody floods the rooms with requests."""
    link = room()
    pages = come(browsers, f"{stack.url(ROUTE)}/{link}", "", "")
    all_meet(pages, 1)
    answers = goes_on(pages, lambda: flood(device(), link, 2000))
    assert answers[429] + min(answers[200], 200) == 2000, f"the answers were {dict(answers)}"
    assert comes_in(device(), link, 60), "nobody comes in after the flood"
