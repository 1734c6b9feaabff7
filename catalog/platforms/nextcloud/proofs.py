# SPDX-License-Identifier: AGPL-3.0-or-later
"""What can be asked of Nextcloud from outside; nobody has run these yet."""

from __future__ import annotations


def test_it_is_installed_and_up_to_date(stack, web):
    """A member finds it installed, not under maintenance, and its database as new as itself."""
    state = web().get(f"{stack.url('cloud')}/status.php").json()
    assert state["installed"] is True, "it is not installed"
    assert state["maintenance"] is False, "it is under maintenance"
    assert state["needsDbUpgrade"] is False, "its database waits for an upgrade"


def test_strangers_reach_no_files(stack, web):
    """A member's files are closed to strangers, who cannot register either."""
    base = stack.url("cloud")
    assert web().request("PROPFIND", f"{base}/remote.php/dav/files/admin/").status_code == 401
    answer = web().put(f"{base}/remote.php/dav/files/admin/x.txt", content=b"x")
    assert answer.status_code == 401, f"a stranger could write: {answer.status_code}"
    assert web().get(f"{base}/register").status_code in (401, 403, 404), "there is a register page"
