# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a member meets on the front page, tried on the live server."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from natm_stack.checks.account import sign_in_page
from natm_stack.checks.doors import lies

MOST_BYTES = 50_000
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) natm-proof"


class Page(HTMLParser):
    """What there is in a page: its language, links, files, and the texts of its states."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.language, self.direction = "", ""
        self.links: list[str] = []
        self.languages: dict[str, str] = {}
        self.files: list[str] = []
        self.states: list[str] = []
        self.last = self.words = ""
        self._kind = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is of use."""
        values = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language, self.direction = values.get("lang", ""), values.get("dir", "")
        if tag == "a":
            self.links.append(values["href"])
            if "hreflang" in values:
                self.languages[values["hreflang"]] = values["href"]
        if tag in ("link", "script", "img", "iframe"):
            self.files.append(values.get("href") or values.get("src", ""))
        if tag == "p":
            self._kind = values.get("class", "").split(" ")[0]
            self.states += [""] if self._kind == "state" else []

    def handle_endtag(self, tag: str) -> None:
        """A paragraph ends."""
        self._kind = "" if tag == "p" else self._kind

    def handle_data(self, data: str) -> None:
        """Collect the words of states."""
        self.words += data
        if self._kind == "state":
            self.states[-1] += data
        if self._kind == "last":
            self.last += data


def fetch(stack: Any, client: httpx.Client, address: str) -> httpx.Response:
    """Follow a link as a browser does, by TLS, to the edge, over at most four redirects."""
    url = httpx.URL(stack.url("") + "/").join(address)
    for _ in range(5):
        host, port = stack.connect("")
        answer = client.get(
            url.copy_with(host=host, port=port),
            # The gate leads those to the sign-in who ask for a page.
            headers={"Host": url.netloc.decode("ascii"), "User-Agent": BROWSER,
                     "Accept": "text/html"},
            extensions={"sni_hostname": url.host},
        )
        if not answer.has_redirect_location:
            return answer
        url = url.join(answer.headers["Location"])
        assert url.host == stack.domain or url.host.endswith(f".{stack.domain}"), \
            f"{address} leads away to {url.host}"
    raise AssertionError(f"{address} leads round in circles")


def front(stack: Any, web: Callable[..., httpx.Client]) -> tuple[httpx.Client, Page]:
    """The front page and a client to go on with."""
    client = web()
    answer = client.get(f"{stack.url('')}/")
    assert answer.status_code == 200, f"the front page answers {answer.status_code}"
    return client, Page(answer.text)


def test_every_link_answers(stack, web):
    """A member follows every link on the front page and each one answers, encrypted."""
    client, page = front(stack, web)
    assert page.links, "there is not a single link on the page"
    wrong = []
    for link in dict.fromkeys(page.links):
        if not link.startswith("#"):
            status = fetch(stack, client, link).status_code
            wrong += [f"{link} ({status})"] if status != 200 else []
    assert not wrong, f"these links do not answer: {', '.join(wrong)}"


def test_each_language(stack, web):
    """A member reads the front page in each of the community's languages."""
    client, page = front(stack, web)
    seen = set()
    for language, path in page.languages.items():
        answer = fetch(stack, client, path)
        assert answer.status_code == 200, f"the page in {language} answers {answer.status_code}"
        translated = Page(answer.text)
        # A language the page has no words for yet shows English and says so.
        assert translated.language in (language, "en"), \
            f"the page in {language} says it is in {translated.language}"
        rtl = translated.language.split("-")[0] in ("ar", "fa", "he", "ur")
        assert translated.direction == ("rtl" if rtl else "ltr"), f"{language} runs the wrong way"
        assert len(translated.states) == len(page.states), f"{language} shows other services"
        if translated.language == language:
            assert answer.text not in seen, f"the page in {language} is another language's"
            seen.add(answer.text)


def test_states_are_told_in_words(stack, web):
    """A member sees for each service, in words, whether it worked at the last check, and when."""
    _, page = front(stack, web)
    silent = [state for state in page.states if not re.search(r"\w{3}", state)]
    assert not silent, "a service's state is shown without words"
    verified = [state for state in page.states if "○" not in state]
    dated = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", page.last)
    assert page.last.strip(), "the page does not say when the last check was"
    assert dated or not verified, "states are shown without the date of the check"


def test_nothing_from_elsewhere(stack, web):
    """A member's browser asks no other host for anything; the page is small and keeps no cookie."""
    client, page = front(stack, web)
    answer = client.get(f"{stack.url('')}/")
    texts, size = [answer.text], len(answer.content)
    for path in page.files:
        assert re.match(r"/(?!/)", path), f"{path} is from elsewhere"
        part = fetch(stack, client, path)
        assert part.status_code == 200, f"{path} answers {part.status_code}"
        texts.append(part.text.replace("http://www.w3.org/2000/svg", ""))
        size += len(part.content)
    hosts = set(re.findall(r"(?:https?:)?//([A-Za-z0-9.-]+)", " ".join(texts)))
    foreign = {h for h in hosts if h != stack.domain and not h.endswith(f".{stack.domain}")}
    assert not foreign, f"other hosts are named: {', '.join(sorted(foreign))}"
    assert size < MOST_BYTES, f"the page has {size} bytes"
    assert "set-cookie" not in answer.headers, "the page sets a cookie"
    policy = answer.headers.get("Content-Security-Policy", "")
    assert "default-src 'none'" in policy, "the page may load anything"
    assert "unsafe" not in policy, "the page's policy allows what is unsafe"


def personal(answer: httpx.Response) -> str:
    """A page of somebody's own, which nobody may keep for somebody else."""
    assert answer.status_code == 200, f"the front page answers {answer.status_code}"
    assert answer.headers.get("Cache-Control") == "no-store", "browsers may keep it"
    assert "Cookie" in answer.headers.get("Vary", ""), "others may be shown it"
    return answer.text


@pytest.mark.one_account
def test_who_is_signed_in(stack, members, web, visit):
    """A member who has signed in sees their own name on each page; a stranger, where to sign in."""
    client, page = front(stack, web)
    for path in {*page.languages.values(), "/"}:
        own = personal(visit(members[0]).get(f"{stack.url('')}{path}"))
        assert members[0].name in own, f"{path} does not say who is signed in"
        links = Page(own).links
        assert f"{stack.url('gate')}/gate/logout" in links, f"{path} has no way to sign out"
        assert f"{stack.url('account')}" in links, f"{path} does not lead to the account"
        other = personal(client.get(f"{stack.url('')}{path}"))
        assert "natm-proof-" not in other, f"{path} shows a stranger somebody's name"
        back = quote(f"{stack.url('')}{path}", safe="")
        assert f"{stack.url('gate')}/gate/login?rd={back}" in Page(other).links, \
            f"{path} does not lead to the sign-in and back"


@pytest.mark.one_account
def test_names_are_told_by_the_edge_alone(stack, members, web, visit):
    """A member's name is shown when the edge tells it, not when a visitor claims it."""
    liar = web()
    liar.headers.update(lies(members[0]))
    assert members[0].name not in personal(liar.get(f"{stack.url('')}/")), "a liar is believed"
    other = visit(members[1])
    other.headers.update(lies(members[0]))
    seen = personal(other.get(f"{stack.url('')}/"))
    assert members[0].name not in seen, "a liar is believed"
    assert members[1].name in seen, "a member is not known any more"


@pytest.mark.one_account
def test_any_name_is_text(stack, members, account, visit, marker):
    """A member's display name may hold anything: the page shows it as text and nothing else."""
    name = f'<b>{marker}"\'&<% .Env %>\u202eמרים'
    editor = account()
    editor.through_the_gate(members[1].name, members[1].password, f"{editor.url}/")
    saved = editor.send(f"/profile/{members[1].name}", action="edit-profile", display_name=name,
                        preferred_language="auto")
    assert "updated successfully" in saved.text, "the name was not saved"
    client, end = visit(members[1]), time.monotonic() + 45
    while marker not in (text := personal(client.get(f"{stack.url('')}/"))):
        assert time.monotonic() < end, "the page shows another name after 45 seconds"
        time.sleep(1)
    assert name in Page(text).words, "the name is not shown as it is written"
    assert f"<b>{marker}" not in text, "a name can be markup"


@pytest.mark.one_account
@pytest.mark.browser
def test_sign_in_from_the_front_page(stack, members, browser):
    """A member signs in from the front page with a browser, on a small phone, and out again."""
    browser.set_viewport_size({"width": 320, "height": 640})
    browser.goto(f"{stack.url('')}/")
    browser.locator(".who a").click()
    sign_in_page(browser, members[0])
    browser.locator(f".who:has-text('{members[0].name}')").wait_for(timeout=20_000)
    assert browser.url == f"{stack.url('')}/", f"the sign-in led to {browser.url}"
    width = browser.evaluate("document.documentElement.scrollWidth")
    assert width <= 320, f"on a small phone the page is {width} pixels wide"
    browser.locator(".who a").last.click()
    browser.wait_for_url(f"{stack.url('gate')}/**", timeout=20_000)
    browser.goto(f"{stack.url('')}/")
    assert browser.locator(".who a").count() == 1, "the page still knows who was there"


@pytest.mark.browser
def test_page_in_a_browser(stack, browser):
    """A member opens the front page with a browser, on a small phone too, and it is all there."""
    asked, complaints = set(), []
    browser.on("request", lambda request: asked.add(httpx.URL(request.url).host))
    browser.on("console", lambda message: complaints.append(message.text))
    browser.set_viewport_size({"width": 320, "height": 640})
    browser.goto(f"{stack.url('')}/")
    browser.locator("main li .state").first.wait_for()
    assert browser.locator("h1").inner_text().strip(), "the community's name is missing"
    width = browser.evaluate("document.documentElement.scrollWidth")
    assert width <= 320, f"on a small phone the page is {width} pixels wide"
    assert asked == {stack.domain}, f"other hosts were asked: {sorted(asked)}"
    assert not complaints, f"the browser complains: {complaints[0]}"
