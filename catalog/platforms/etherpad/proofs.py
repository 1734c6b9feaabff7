# SPDX-License-Identifier: AGPL-3.0-or-later
"""What somebody does with a pad, to be tried on the live server; nobody has run these yet."""

from __future__ import annotations


def test_a_new_pad_opens(stack, web, marker):
    """A member opens a pad that is new, and it can be taken away as plain text."""
    client, base = web(), stack.url("pads")
    page = client.get(f"{base}/p/{marker}")
    assert page.status_code == 200, f"no pad was opened: {page.status_code}"
    text = client.get(f"{base}/p/{marker}/export/txt")
    assert text.status_code == 200, f"it cannot be taken away: {text.status_code}"


def test_strangers_do_not_reach_the_programs_door(stack, web, marker):
    """A member's pads cannot be listed or deleted by a program without the key."""
    base = stack.url("pads")
    for ask in ("listAllPads", f"deletePad?padID={marker}"):
        answer = web().get(f"{base}/api/1.2.15/{ask}")
        assert answer.status_code in (401, 403) or answer.json().get("code") == 4, ask
