# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a member meets on the front page, tried on the live server."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

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
        self.last = ""
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
            headers={"Host": url.netloc.decode("ascii"), "User-Agent": BROWSER},
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
