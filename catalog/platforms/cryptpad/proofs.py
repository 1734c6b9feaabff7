# SPDX-License-Identifier: AGPL-3.0-or-later
"""What can be asked of CryptPad without its cryptography; nobody has run these yet."""

from __future__ import annotations


def test_it_knows_both_of_its_names(stack, web):
    """A member's browser is told two names, one of them for what is in documents."""
    told = web().get(f"{stack.url('sealed')}/api/config")
    assert told.status_code == 200, f"no settings were told: {told.status_code}"
    for route in ("sealed", "sealed-sandbox"):
        assert stack.host(route) in told.text, f"{stack.host(route)} is not among them"


def test_documents_are_kept_apart(stack, web):
    """A member's keys stay out of reach of what is in a document: another name shows it."""
    page = web().get(f"{stack.url('sealed')}/")
    assert page.status_code == 200, f"the page is not there: {page.status_code}"
    policy = page.headers.get("Content-Security-Policy", "")
    assert stack.host("sealed-sandbox") in policy, "the page may not show the second name"
