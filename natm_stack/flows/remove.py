# SPDX-License-Identifier: AGPL-3.0-or-later
"""Taking things away: one platform's data, or the whole stack."""

from __future__ import annotations

from typing import Any

from ..diff import known_receipts
from ..errors import NatmError
from ..i18n import _
from ..model.results import Told
from .plan import look
from .removal import remove_platforms
from .workspace import Workspace


def remove(workspace: Workspace, *, purge: bool) -> Told:
    """Remove the whole stack from the server; with `purge` the data too."""
    root = workspace.deployment.root
    with workspace.lock("remove") as lock:
        found = look(workspace)
        receipts = {id_: found["receipts"][id_] for id_ in known_receipts(found)}
        if purge:
            receipts = _without_receipt(workspace) | receipts
        workspace.write_bundle()
        # The edge holds on to everybody's network, so it goes first.
        for group in (["edge"], [id_ for id_ in receipts if id_ != "edge"]):
            some = {id_: receipts[id_] for id_ in group if id_ in receipts}
            if some:
                refuse_failed(remove_platforms(workspace, some, lock, purge=purge))
        remove_platforms(workspace, {}, lock, purge=purge, server_too=True)
        lock.result = "done"
    words = _("the data is gone too") if purge else _("the data stays in {root}/data").format(
        root=root)
    return Told((_("{n} platform(s) removed; {words}").format(n=len(receipts), words=words),),
                {"removed": sorted(receipts), "purged": purge})


def _without_receipt(workspace: Workspace) -> dict[str, Any]:
    """What an earlier removal left for the day the stack comes back: data and images."""
    return {i.id: {"images": {image.name: image.tag for image in i.images}}
            for i in workspace.deployment.instances}


def refuse_failed(report: object) -> None:
    """An error where a platform could not be taken away."""
    failed = [p for p in getattr(report, "platforms", ()) if p.state != "done"]
    if failed:
        raise NatmError(
            _("{id} could not be removed: {why}").format(id=failed[0].id, why=failed[0].message),
            code="remove.failed", hint=_("mend that and run the command again"))
