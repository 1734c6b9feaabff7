# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a member's letters go. Who could change that could ask for a new password by mail."""

from __future__ import annotations

from ..model.members import MembersReport
from .accounts import account_platform, answered, ask
from .members import check_name
from .workspace import Workspace


def set_address(workspace: Workspace, name: str, email: str) -> MembersReport:
    """Another address for this member; an empty one takes it away."""
    check_name(name)
    account = account_platform(workspace)
    with workspace.lock("members address") as lock:
        answered(ask(workspace, "address", {"name": name, "email": email}))
        lock.result = "done"
    return MembersReport(done={account.id: "address"}, name=name)
