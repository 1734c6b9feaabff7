# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a reader does in the library, tried on the live server with the book that comes with it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import httpx
import pytest

ATOM = "{http://www.w3.org/2005/Atom}"
BOOK, WORD = "natm_welcome", "marmalade"


def test_the_shelf_names_its_books(stack, web):
    """A member sees which books there are, each with a title, a language and a way in."""
    told = web().get(f"{stack.url('library')}/catalog/v2/entries", params={"count": "-1"})
    assert told.status_code == 200, f"there is no shelf: {told.status_code}"
    names = {}
    for entry in ElementTree.fromstring(told.content).iter(f"{ATOM}entry"):
        links = [link.get("href") for link in entry.iter(f"{ATOM}link")
                 if link.get("type") == "text/html"]
        names[entry.findtext(f"{ATOM}name")] = (
            entry.findtext(f"{ATOM}title"), entry.findtext(f"{ATOM}language"), links)
    assert BOOK in names, f"the book that comes with it is not there, only {sorted(names)}"
    title, language, links = names[BOOK]
    assert (title, language) == ("How to fill this library", "eng")
    page = web().get(f"{stack.url('library')}{links[0]}", follow_redirects=True)
    assert page.status_code == 200, f"the way in leads nowhere: {page.status_code}"


def test_a_page_is_read(stack, web):
    """A member opens a book and reads a page of it."""
    page = web().get(f"{stack.url('library')}/content/{BOOK}/index.html")
    assert page.status_code == 200, f"the page is not there: {page.status_code}"
    assert "<h1>How to fill this library</h1>" in page.text, "it is another page"
    missing = web().get(f"{stack.url('library')}/content/{BOOK}/nothing-of-this-name")
    assert missing.status_code == 404, f"a page that is not there: {missing.status_code}"


def test_a_word_is_found(stack, web, marker):
    """A member searches for a word inside a book and is led to the page that has it."""
    ask = f"{stack.url('library')}/search"
    found = web().get(ask, params={"books.name": BOOK, "pattern": WORD})
    assert found.status_code == 200, f"the search fails: {found.status_code}"
    (link,) = re.findall(rf'href="(/content/{BOOK}/[^"]+)"', found.text)
    assert WORD in web().get(f"{stack.url('library')}{link}").text, "the page lacks the word"
    none = web().get(ask, params={"books.name": BOOK, "pattern": marker})
    assert f"/content/{BOOK}/" not in none.text, "a word that stands nowhere was found"


def test_nobody_can_change_the_shelf(stack, web):
    """A member's library is for reading: nothing can be put into it or taken out of it."""
    address = f"{stack.url('library')}/content/{BOOK}/index.html"
    for method in ("PUT", "DELETE", "POST"):
        answer = web().request(method, address, content=b"x")
        assert answer.status_code >= 400 or "How to fill" in answer.text, method
    assert "<h1>How to fill this library</h1>" in web().get(address).text, "the page is gone"


def test_nothing_outside_a_book_is_read(stack, web):
    """A member's server stays closed behind the library: only books can be read."""
    base = httpx.URL(stack.url("library"))
    for path in (b"/content/../../../etc/passwd", b"/content/%2e%2e/%2e%2e/etc/passwd",
                 b"/%2fetc/passwd", b"/content//srv/books/natm-prove"):
        # Old addresses are led to /content/..., where nothing but books is.
        answer = web().get(base.copy_with(raw_path=path), follow_redirects=True)
        assert answer.status_code in (400, 404), f"{path!r} is answered: {answer.status_code}"
        assert "root:" not in answer.text, f"{path!r} gave a file of the server"


@pytest.mark.browser
def test_read_with_a_browser(stack, browser):
    """A member opens the library in a browser, and only this server was asked."""
    asked: set[str] = set()
    browser.on("request", lambda request: asked.add(httpx.URL(request.url).host))
    browser.goto(f"{stack.url('library')}/")
    browser.get_by_text("How to fill this library").first.wait_for(timeout=20_000)
    ours = {httpx.URL(url).host for url in stack.urls.values()}
    assert asked - {""} <= ours, f"other hosts were asked: {sorted(asked - ours)}"
