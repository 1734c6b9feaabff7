# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a member's phone and computer do with calendars, tried on the live server."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from natm_stack.checks.account import sign_in_page

DAV, CAL = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
CARD = "{urn:ietf:params:xml:ns:carddav}"
SPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
HOMES = f"""<propfind {SPACES} xmlns:A="urn:ietf:params:xml:ns:carddav">
<prop><current-user-principal/><C:calendar-home-set/><A:addressbook-home-set/></prop></propfind>"""
NAMES = f"<propfind {SPACES}><prop><resourcetype/><displayname/></prop></propfind>"
# Only what is on in this one week; a calendar's program asks just so.
WEEK = f"""<C:calendar-query {SPACES}><prop><getetag/><C:calendar-data/></prop><C:filter>
<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
<C:time-range start="20300506T000000Z" end="20300513T000000Z"/>
</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""


def calendar(stack: Any, member: Any, marker: str) -> str:
    """The address of a member's calendar made for this proof."""
    return f"{stack.url('calendar')}/{member.name}/{marker}/"


def event(uid: str, summary: str, day: str = "20300508") -> bytes:
    """One meeting of an hour, as programs write it."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//natm//proof//EN", "BEGIN:VEVENT",
             f"UID:{uid}", "DTSTAMP:20300101T000000Z", f"DTSTART:{day}T180000Z",
             f"DTEND:{day}T190000Z", f"SUMMARY:{summary}", "END:VEVENT", "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def make(client: httpx.Client, address: str, marker: str) -> None:
    """A new calendar, and one meeting in it that can be told from all others."""
    body = f"""<C:mkcalendar {SPACES}><set><prop><displayname>{marker}</displayname>
    </prop></set></C:mkcalendar>"""
    made = client.request("MKCALENDAR", address, content=body)
    assert made.status_code == 201, f"no calendar was made: {made.status_code}"
    put = client.put(f"{address}a.ics", content=event(f"a-{marker}", f"Supper {marker}"),
                     headers={"Content-Type": "text/calendar", "If-None-Match": "*"})
    assert put.status_code == 201, f"the event was not saved: {put.status_code}"


def ask(client: httpx.Client, method: str, address: str, body: str, depth: str = "1") -> Any:
    """A WebDAV question; the answers as (path, element)."""
    answer = client.request(method, address, content=body, headers={"Depth": depth})
    assert answer.status_code == 207, f"{method} of {address} answers {answer.status_code}"
    tree = ElementTree.fromstring(answer.content)
    return [(one.findtext(f"{DAV}href"), one) for one in tree.iter(f"{DAV}response")]


def week(client: httpx.Client, address: str) -> list[str]:
    """The texts of all events of the one week."""
    found = ask(client, "REPORT", address, WEEK)
    return [one.findtext(f".//{CAL}calendar-data") or "" for _path, one in found]


def test_event_is_read_back(stack, members, web, marker):
    """A member makes a calendar, puts a meeting into it, and another device reads the same."""
    address, phone, computer = calendar(stack, members[0], marker), web(members[0]), web(members[0])
    make(phone, address, marker)
    far = event(f"b-{marker}", "Another week", "20300608")
    assert phone.put(f"{address}b.ics", content=far).status_code == 201, "no second event"
    got = computer.get(f"{address}a.ics")
    assert got.status_code == 200, f"the event is not there: {got.status_code}"
    for line in (f"UID:a-{marker}", f"SUMMARY:Supper {marker}", "DTSTART:20300508T180000Z"):
        assert line in got.text.splitlines(), f"this came back changed: {line}"
    texts = week(computer, address)
    assert len(texts) == 1, f"{len(texts)} events were found in a week that has one"
    assert f"SUMMARY:Supper {marker}" in texts[0].splitlines(), "another event was found"


def test_change_and_conflict(stack, members, web, marker):
    """A member changes a meeting on one device; another's outdated change is refused."""
    address, client = calendar(stack, members[0], marker), web(members[0])
    make(client, address, marker)
    old = client.get(f"{address}a.ics").headers["ETag"]
    first, late = (event(f"a-{marker}", f"{word} {marker}") for word in ("Moved", "Stale"))
    saved = client.put(f"{address}a.ics", content=first, headers={"If-Match": old})
    assert saved.status_code in (200, 201, 204), f"the change was refused: {saved.status_code}"
    refused = client.put(f"{address}a.ics", content=late, headers={"If-Match": old})
    assert refused.status_code == 412, f"an outdated change was taken: {refused.status_code}"
    assert f"SUMMARY:Moved {marker}" in week(client, address)[0], "the change is lost"
    assert client.delete(f"{address}a.ics").status_code in (200, 204), "it was not deleted"
    assert week(client, address) == [], "a deleted event is still found"


def test_event_is_moved(stack, members, web, marker):
    """A member moves a meeting to another calendar: it is there, and no longer where it was."""
    client, old = web(members[0]), calendar(stack, members[0], marker)
    new = calendar(stack, members[0], f"{marker}-new")
    make(client, old, marker)
    assert client.request("MKCALENDAR", new).status_code == 201, "no second calendar"
    moved = client.request("MOVE", f"{old}a.ics", headers={"Destination": f"{new}a.ics"})
    assert moved.status_code in (201, 204), f"it was not moved: {moved.status_code}"
    assert week(client, old) == [], "it is still in the old calendar"
    (text,) = week(client, new)
    assert f"SUMMARY:Supper {marker}" in text.splitlines(), "it came to the new one changed"


def test_phone_finds_everything(stack, members, web):
    """A member types only the address and the name, and the phone finds calendar and contacts."""
    client, base = web(members[0]), stack.url("calendar")
    for service in ("caldav", "carddav"):
        lead = client.get(f"{base}/.well-known/{service}")
        assert lead.status_code in (301, 302, 303, 307, 308), f"no lead for {service}"
        place = httpx.URL(base).join(lead.headers["Location"])
        assert place.host == stack.host("calendar"), f"the lead goes away, to {place.host}"
    ((_path, found),) = ask(client, "PROPFIND", f"{base}/", HOMES, "0")
    principal = found.findtext(f".//{DAV}current-user-principal/{DAV}href")
    assert principal == f"/{members[0].name}/", f"another principal: {principal}"
    names = {
        (kind, one.findtext(f".//{DAV}displayname"))
        for _path, one in ask(client, "PROPFIND", f"{base}{principal}", NAMES)
        for kind in (f"{CAL}calendar", f"{CARD}addressbook") if one.find(f".//{kind}") is not None}
    wanted = {(f"{CAL}calendar", stack.settings["first_calendar"]),
              (f"{CARD}addressbook", stack.settings["first_address_book"])}
    missing = {name for kind, name in wanted if name and (kind, name) not in names}
    assert not missing, f"these were not found at the first sign-in: {', '.join(missing)}"


def test_contact_is_read_back(stack, members, web, marker):
    """A member keeps a contact in an address book and reads name and number back."""
    client, book = web(members[0]), calendar(stack, members[0], f"{marker}-book")
    body = f"""<mkcol {SPACES} xmlns:A="urn:ietf:params:xml:ns:carddav"><set><prop>
    <resourcetype><collection/><A:addressbook/></resourcetype></prop></set></mkcol>"""
    assert client.request("MKCOL", book, content=body).status_code == 201, "no address book"
    card = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{marker}", f"FN:Zoë {marker}", f"N:{marker};Zoë;;;",
            "TEL;TYPE=CELL:+1 555 0100", "END:VCARD", ""]
    saved = client.put(f"{book}zoe.vcf", content="\r\n".join(card).encode())
    assert saved.status_code == 201, f"the contact was not saved: {saved.status_code}"
    got = web(members[0]).get(f"{book}zoe.vcf").content.decode("utf-8")
    assert {f"FN:Zoë {marker}", "TEL;TYPE=CELL:+1 555 0100"} <= set(got.splitlines()), \
        "name or number came back changed"


def test_calendar_is_private(stack, members, web, marker):
    """A member cannot see, change or delete anything in another member's calendar."""
    ada, bo = members
    address, owner, other = calendar(stack, ada, marker), web(ada), web(bo)
    make(owner, address, marker)
    home = f"{stack.url('calendar')}/{ada.name}/"
    own = calendar(stack, bo, marker)
    tries = {
        "list": other.request("PROPFIND", home, content=NAMES, headers={"Depth": "1"}),
        "search": other.request("REPORT", address, content=WEEK, headers={"Depth": "1"}),
        "read": other.get(f"{address}a.ics"),
        "download all": other.get(address),
        "write": other.put(f"{address}x.ics", content=event(f"x-{marker}", "Intruder")),
        "overwrite": other.put(f"{address}a.ics", content=event(f"a-{marker}", "Intruder")),
        "move": other.request("MOVE", f"{address}a.ics", headers={"Destination": f"{own}a.ics"}),
        "rename": other.request("PROPPATCH", address, content=f"""<propertyupdate {SPACES}><set>
            <prop><displayname>x</displayname></prop></set></propertyupdate>"""),
        "make": other.request("MKCALENDAR", f"{home}{marker}-x/"),
        "delete": other.delete(address),
    }
    let_in = [f"{what} ({answer.status_code})" for what, answer in tries.items()
              if answer.status_code not in (401, 403, 404)]
    assert not let_in, f"another member could: {', '.join(let_in)}"
    told = [what for what, answer in tries.items() if f"Supper {marker}" in answer.text]
    assert not told, f"a refusal told what is in it: {', '.join(told)}"
    (text,) = week(owner, address)
    assert f"SUMMARY:Supper {marker}" in text, "the calendar is not as it was"


def test_wrong_password_is_refused(stack, members, web, marker):
    """A member's calendar stays closed to a wrong password and to another member's."""
    ada, bo = members
    address = calendar(stack, ada, marker)
    make(web(ada), address, marker)
    for password in (f"not-{marker}", bo.password, ""):
        client = web()
        client.auth = (ada.name, password)
        answer = client.get(f"{address}a.ics")
        assert answer.status_code == 401, f"it was answered with {answer.status_code}"
        assert marker not in answer.text, "the refusal told what is in it"
    assert client.delete(address).status_code == 401, "it could be deleted without a password"
    assert len(week(web(ada), address)) == 1, "the calendar is not as it was"


def test_strangers_are_refused(stack, members, web, marker):
    """A member's calendar is closed to strangers, who cannot make anything here either."""
    address, stranger = calendar(stack, members[0], marker), web()
    make(web(members[0]), address, marker)
    base = stack.url("calendar")
    tries = {
        "read": stranger.get(f"{address}a.ics"),
        "search": stranger.request("REPORT", address, content=WEEK, headers={"Depth": "1"}),
        "list": stranger.request("PROPFIND", f"{base}/", content=NAMES, headers={"Depth": "1"}),
        "write": stranger.put(f"{address}x.ics", content=event(f"x-{marker}", "Intruder")),
        "make": stranger.request("MKCALENDAR", f"{base}/{marker}/"),
        "delete": stranger.delete(address),
    }
    let_in = [f"{what} ({answer.status_code})" for what, answer in tries.items()
              if answer.status_code != 401]
    assert not let_in, f"a stranger could: {', '.join(let_in)}"
    assert len(week(web(members[0]), address)) == 1, "the calendar is not as it was"


@pytest.mark.browser
def test_sign_in_with_a_browser(stack, members, web, browser, marker):
    """A member signs in with a browser and sees the calendars, and only this server was asked."""
    make(web(members[0]), calendar(stack, members[0], marker), marker)
    asked: set[str] = set()
    browser.on("request", lambda request: asked.add(httpx.URL(request.url).host))
    browser.goto(f"{stack.url('calendar')}/")
    if stack.one_account:
        sign_in_page(browser, members[0])
    else:
        browser.fill("#loginscene input[data-name=user]", members[0].name)
        browser.fill("#loginscene input[data-name=password]", members[0].password)
        browser.click("#loginscene form[data-name=form] button")
    browser.get_by_text(marker, exact=True).first.wait_for(timeout=20_000)
    ours = {httpx.URL(url).host for url in stack.urls.values()}
    assert asked - {""} <= ours, f"other hosts were asked: {sorted(asked - ours)}"
