# SPDX-License-Identifier: AGPL-3.0-or-later
"""What can be asked of a meeting server without a camera; nobody has run these yet."""

from __future__ import annotations


def test_its_page_asks_nobody_outside(stack, web):
    """A member's browser is told to ask nobody but this server."""
    told = web().get(f"{stack.url('meetings')}/config.js")
    assert told.status_code == 200, f"no settings were told: {told.status_code}"
    for words in ("disableThirdPartyRequests = true", "disabled: true"):
        assert words in told.text, f"this is missing: {words}"


def test_a_stranger_waits_for_someone_with_an_account(stack, web):
    """A member opens a meeting; a stranger can wait at its door, but not open one."""
    told = web().get(f"{stack.url('meetings')}/config.js").text
    assert "anonymousdomain" in told, "strangers are not kept apart from members"
    assert "authdomain" in told, "nobody has to sign in to open a meeting"
