# SPDX-License-Identifier: AGPL-3.0-or-later
"""Proofs that the wiki works for a member, and stays closed to everyone else.

They use the same doors as members do: the edge, the sign-in and the wiki's own API. All pages
and files belong to throwaway members, so that cleaning up after them removes everything.
The sign-in is the one account's where the stack has one, else the wiki's own form.
"""

from __future__ import annotations

import hashlib
import struct
import time
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from natm_stack.checks.account import COOKIE, sign_in_page

SEARCH_SECONDS = 60.0
INNER_PATHS = [
    "/LocalSettings.php", "/maintenance/run.php", "/includes/WebStart.php", "/vendor/autoload.php",
    "/mw-config/index.php", "/images/", "/cache/", "/extensions/VisualEditor/extension.json",
    "/.git/config", "/thumb.php",
]

PASSWORD_PAGES = [
    "UserLogin", "CreateAccount", "ChangePassword", "ChangeCredentials", "PasswordReset",
    "BotPasswords", "UserLogout", "LinkAccounts", "RemoveCredentials",
]
PASSWORD_ACTIONS = [
    "clientlogin", "login", "createaccount", "linkaccount", "changeauthenticationdata",
    "resetpassword",
]

Web = Callable[..., httpx.Client]
SignedIn = Callable[[Any], "Wiki"]


class Wiki:
    """The wiki's API, as one browser session."""

    def __init__(self, client: httpx.Client, url: str) -> None:
        self.client = client
        self.url = url

    def ask(self, **parameters: str) -> dict[str, Any]:
        """Read something."""
        query = {"format": "json", "formatversion": "2", **parameters}
        return self.client.get(f"{self.url}/api.php", params=query).raise_for_status().json()

    def tell(self, files: dict[str, Any] | None = None, **fields: str) -> dict[str, Any]:
        """Change something."""
        form = {"format": "json", "formatversion": "2", **fields}
        answer = self.client.post(f"{self.url}/api.php", data=form, files=files)
        return answer.raise_for_status().json()

    def token(self, kind: str = "csrf") -> str:
        """The token that a change must carry."""
        answer = self.ask(action="query", meta="tokens", type=kind)
        return str(answer["query"]["tokens"][f"{kind}token"])

    def sign_in(self, name: str, password: str) -> dict[str, Any]:
        """Sign in as the form does; the answer says how it went."""
        answer = self.tell(
            action="clientlogin", username=name, password=password, rememberMe="1",
            loginreturnurl=f"{self.url}/", logintoken=self.token("login"),
        )
        return dict(answer["clientlogin"])

    def write(self, title: str, text: str) -> dict[str, Any]:
        """Write the whole text of a page, marked as a machine's edit."""
        return self.tell(
            action="edit", title=title, text=text, summary="natm", bot="1", token=self.token()
        )

    def read(self, title: str) -> str:
        """The text of a page."""
        answer = self.ask(
            action="query", prop="revisions", titles=title, rvprop="content", rvslots="main"
        )
        return str(answer["query"]["pages"][0]["revisions"][0]["slots"]["main"]["content"])


@pytest.fixture
def signed_in(stack: Any, web: Web, request: pytest.FixtureRequest) -> SignedIn:
    """Makes sessions, `signed_in(member)`, in the way members of this stack have."""
    if stack.one_account:
        visit = request.getfixturevalue("visit")
        return lambda member: Wiki(visit(member), stack.url("docs"))

    def by_password(member: Any) -> Wiki:
        wiki = Wiki(web(), stack.url("docs"))
        answer = wiki.sign_in(member.name, member.password)
        assert answer["status"] == "PASS", answer
        return wiki

    return by_password


def is_closed(stack: Any) -> bool:
    """Whether members alone read."""
    return stack.settings.get("visibility", "private") == "private"


def title_of(marker: str, what: str) -> str:
    """A page name of this run."""
    return f"Natm {what} {marker}"


def picture(marker: str) -> bytes:
    """A small picture whose bytes are this run's own."""
    seed = hashlib.sha256(marker.encode()).digest()
    rows = b"".join(b"\0" + seed[:24] for _ in range(8))

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def test_page(stack: Any, members: list[Any], signed_in: SignedIn, marker: str) -> None:
    """A member writes a page, changes it, and another member reads it and its history."""
    title = title_of(marker, "page")
    author, reader = (signed_in(member) for member in members[:2])
    assert author.write(title, f"First words, {marker}.")["edit"]["result"] == "Success"
    assert author.write(title, f"Better words, {marker}. Ünï ✓")["edit"]["result"] == "Success"
    assert reader.read(title) == f"Better words, {marker}. Ünï ✓"
    seen = reader.client.get(f"{stack.url('docs')}/wiki/{title.replace(' ', '_')}")
    assert seen.status_code == 200
    assert f"Better words, {marker}. Ünï ✓" in seen.text
    history = reader.ask(action="query", prop="revisions", titles=title, rvprop="user", rvlimit="9")
    authors = [entry["user"].lower() for entry in history["query"]["pages"][0]["revisions"]]
    assert authors == [members[0].name, members[0].name]


def test_stranger(
    stack: Any, members: list[Any], web: Web, signed_in: SignedIn, marker: str
) -> None:
    """A stranger cannot read what members keep to themselves, and cannot write anything."""
    title = title_of(marker, "closed")
    signed_in(members[0]).write(title, f"Between us: {marker}")
    stranger = Wiki(web(), stack.url("docs"))
    api = {"format": "json", "formatversion": "2"}
    for path in (f"/wiki/{title}", f"/index.php?title={title}&action=raw",
                 f"/rest.php/v1/page/{title}",
                 f"/api.php?action=query&prop=revisions&titles={title}&rvprop=content&format=json"):
        page = stranger.client.get(stack.url("docs") + path, follow_redirects=True)
        reads = f"Between us: {marker}" in page.text
        assert reads is not is_closed(stack), f"a stranger at {path}: {page.status_code}"
    refused = stranger.client.post(f"{stranger.url}/api.php", data={
        **api, "action": "edit", "title": title, "text": "Graffiti", "token": "+\\"})
    assert refused.status_code == 401 or refused.json()["error"]["code"] in {
        "permissiondenied", "readapidenied", "badtoken", "cantcreate-anon", "noedit-anon"}
    assert signed_in(members[1]).read(title) == f"Between us: {marker}"


def test_upload(
    stack: Any, members: list[Any], web: Web, signed_in: SignedIn, marker: str
) -> None:
    """A member uploads a picture and another member gets the very same bytes back."""
    data, name = picture(marker), f"Natm-{hashlib.sha256(marker.encode()).hexdigest()[:16]}.png"
    author, reader = (signed_in(member) for member in members[:2])
    answer = author.tell(
        files={"file": (name, data, "image/png")}, action="upload", filename=name,
        comment="natm", text="natm", ignorewarnings="1", token=author.token(),
    )
    assert answer["upload"]["result"] == "Success", answer
    info = reader.ask(action="query", prop="imageinfo", titles=f"File:{name}", iiprop="url")
    address = info["query"]["pages"][0]["imageinfo"][0]["url"]
    assert address.startswith(stack.url("docs") + "/")
    assert reader.client.get(address).raise_for_status().content == data
    assert web().get(address).status_code in ({401, 403} if is_closed(stack) else {200})


def test_search(members: list[Any], signed_in: SignedIn, marker: str) -> None:
    """A member finds a page by a word in its text within a minute."""
    word = "w" + hashlib.sha256(f"word {marker}".encode()).hexdigest()[:14]
    title = title_of(marker, "search")
    wiki = signed_in(members[0])
    wiki.write(title, f"Somewhere in here is {word}, and it can be found.")
    deadline = time.monotonic() + SEARCH_SECONDS
    found: list[str] = []
    while not found and time.monotonic() < deadline:
        answer = wiki.ask(action="query", list="search", srsearch=word, srwhat="text")
        found = [hit["title"] for hit in answer["query"]["search"]]
        time.sleep(0 if found else 1)
    assert found == [title]


@pytest.mark.own_accounts
def test_wrong_password(stack: Any, members: list[Any], web: Web) -> None:
    """A member's account does not open with a wrong password."""
    wiki = Wiki(web(), stack.url("docs"))
    assert wiki.sign_in(members[0].name, members[0].password + "x")["status"] == "FAIL"
    userinfo = wiki.ask(action="query", meta="userinfo")
    assert "error" in userinfo or userinfo["query"]["userinfo"].get("anon")


@pytest.mark.own_accounts
def test_nobody_registers(stack: Any, web: Web) -> None:
    """A stranger cannot make an account, and the sign-in form does not offer it."""
    wiki = Wiki(web(), stack.url("docs"))
    answer = wiki.tell(
        action="createaccount", username="Natm-proof-intruder", password="Long-enough-4-anyone",
        retype="Long-enough-4-anyone", createreturnurl=f"{wiki.url}/",
        createtoken=wiki.token("createaccount"),
    )
    assert "error" in answer or answer["createaccount"]["status"] == "FAIL"
    form = wiki.client.get(f"{wiki.url}/wiki/Special:UserLogin", follow_redirects=True)
    assert form.status_code == 200
    assert 'name="wpPassword"' in form.text
    assert "Special:CreateAccount" not in form.text


def test_inner_parts(stack: Any, members: list[Any], web: Web, signed_in: SignedIn) -> None:
    """A member cannot reach the wiki's inner programs and settings, and a stranger neither."""
    for client, allowed in ((signed_in(members[0]).client, {403, 404}), (web(), {401, 403, 404})):
        answers = {path: client.get(stack.url("docs") + path).status_code for path in INNER_PATHS}
        assert {path: code for path, code in answers.items() if code not in allowed} == {}


@pytest.mark.one_account
def test_no_second_password(
    stack: Any, members: list[Any], web: Web, signed_in: SignedIn
) -> None:
    """A member meets no second password in the wiki, and signs out of everything at once."""
    account = (stack.url("account"), stack.url("gate"))
    member, stranger = signed_in(members[0]), Wiki(web(), stack.url("docs"))
    for page in PASSWORD_PAGES:
        for wiki in (member, stranger):
            answer = wiki.client.get(f"{wiki.url}/wiki/Special:{page}")
            assert 'type="password"' not in answer.text.lower(), f"{page} asks a password"
            to = answer.headers.get("Location", "")
            home = wiki is member and to.startswith(wiki.url)
            assert home or answer.status_code == 401 or to.startswith(account), f"{page}: {to}"
    for action in PASSWORD_ACTIONS:
        answer = member.tell(action=action)
        assert answer["error"]["code"] == "moduledisabled", f"{action}: {answer}"
    page = member.client.get(f"{member.url}/wiki/Special:Preferences").text
    assert f"{stack.url('gate')}/gate/logout" in page, "signing out leads elsewhere"
    assert f'href="{stack.url("account")}' in page, "nothing leads to the account"


@pytest.mark.one_account
def test_each_request_is_whose_the_gate_says(
    stack: Any, members: list[Any], web: Web, signed_in: SignedIn, marker: str
) -> None:
    """A member's open page is of no use to another member or to a stranger at the same browser."""
    ada, bo = (signed_in(member) for member in members[:2])
    title, token = title_of(marker, "token"), ada.token()
    assert ada.write(title, "Mine")["edit"]["result"] == "Success"
    taken = bo.tell(action="edit", title=title, text="Not mine", token=token)
    assert taken["error"]["code"] == "badtoken", "another member's token was taken"
    left = web()
    for cookie in ada.client.cookies.jar:
        if cookie.name != COOKIE:
            left.cookies.jar.set_cookie(cookie)
    answer = left.post(f"{ada.url}/api.php", data={
        "action": "edit", "title": title, "text": "Nobody's", "token": token, "format": "json"})
    assert answer.status_code == 401 or "error" in answer.json(), "a stranger wrote"
    assert bo.read(title) == "Mine"


def sign_in_by_form(stack: Any, browser: Any, member: Any) -> None:
    """Sign in as a person does."""
    browser.goto(f"{stack.url('docs')}/wiki/Special:UserLogin")
    if stack.one_account:
        sign_in_page(browser, member)
        browser.wait_for_url(f"{stack.url('docs')}/**")
        return
    browser.fill("#wpName1", member.name)
    browser.fill("#wpPassword1", member.password)
    browser.click("#wpLoginAttempt")
    browser.wait_for_selector("#pt-userpage-2, #pt-userpage", state="attached")


@pytest.mark.browser
def test_visual_editor(
    stack: Any, members: list[Any], signed_in: SignedIn, browser: Any, marker: str
) -> None:
    """A member signs in by browser, writes a page in the visual editor and reads it back."""
    title, text = title_of(marker, "visual"), f"Written by hand, {marker}"
    place = f"{stack.url('docs')}/wiki/{title.replace(' ', '_')}"
    sign_in_by_form(stack, browser, members[0])
    elsewhere: list[str] = []
    browser.on("request", lambda request: elsewhere.append(request.url)
               if request.url.startswith("http") and f"//{stack.host('docs')}" not in request.url
               else None)
    browser.goto(f"{place}?veaction=edit")
    surface = browser.locator(".ve-ce-documentNode[contenteditable=true]")
    surface.wait_for(timeout=60_000)
    surface.focus()
    browser.keyboard.type(text)
    browser.locator(".oo-ui-tool-name-showSave .oo-ui-tool-link").click()
    browser.locator(".ve-ui-mwSaveDialog .oo-ui-processDialog-actions-primary a").click()
    # The editor leaves for the saved page in several steps; a second tab does not race with it.
    browser.locator(".ve-ui-mwSaveDialog").wait_for(state="hidden", timeout=60_000)
    saved = browser.context.new_page()
    saved.goto(place)
    assert saved.locator(".mw-parser-output").first.inner_text().strip() == text
    assert signed_in(members[1]).read(title) == text
    assert elsewhere == []


@pytest.mark.browser
def test_signing_out(stack: Any, members: list[Any], browser: Any) -> None:
    """A member signs out by the wiki's own link and is out."""
    sign_in_by_form(stack, browser, members[0])
    browser.goto(f"{stack.url('docs')}/wiki/Special:Preferences")
    browser.locator("#vector-user-links-dropdown-checkbox").check(force=True)
    browser.locator("#pt-logout a").click()
    browser.wait_for_url(f"{stack.url('gate')}/gate/signed-out**" if stack.one_account
                         else "**/Special:UserLogout**", timeout=30_000)
    browser.goto(f"{stack.url('docs')}/wiki/Special:Preferences")
    name = members[0].name
    assert name.capitalize() not in browser.content(), "the wiki still knows them"
