# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a member does with it, tried on the live server. A volunteer reads each first line."""

from __future__ import annotations

import re
from html import unescape

ROUTE = "TEMPLATE_ID"


def test_page_shows_the_sentence(stack, web):
    """A member opens the page and reads the sentence that the community chose."""
    answer = web().get(f"{stack.url(ROUTE)}/")
    assert answer.status_code == 200, f"the page answers {answer.status_code}"
    found = re.search(r'<p id="sentence">(.*?)</p>', answer.text, re.DOTALL)
    assert found, "the page has no place for the sentence"
    assert unescape(found[1]) == stack.settings["sentence"], "it is another sentence"


def test_page_keeps_to_this_server(stack, web):
    """A member's browser loads everything the page needs from here, and nothing from elsewhere."""
    client = web()
    page = client.get(f"{stack.url(ROUTE)}/")
    policy = page.headers.get("Content-Security-Policy", "")
    assert "default-src 'none'" in policy, "the browser is not told to ask nobody else"
    parts = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert parts, "the page has lost its style"
    for part in parts:
        assert not re.match(r"//|[a-z]+:", part), f"the page asks elsewhere: {part}"
        status = client.get(f"{stack.url(ROUTE)}/{part.lstrip('/')}").status_code
        assert status == 200, f"{part} answers {status}"
