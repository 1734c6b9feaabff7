# SPDX-License-Identifier: AGPL-3.0-or-later
"""Removing platforms with what people made there: told before, saved first."""

from __future__ import annotations

from ..diff import known_receipts
from ..errors import NatmError
from ..i18n import _, spoken
from .plan import look
from .recovery import ask
from .removal import remove_platforms
from .remove import refuse_failed
from .workspace import Workspace

KIND = "before-purge"


def would_go(workspace: Workspace, ids: tuple[str, ...]) -> tuple[str, ...]:
    """What a purge would take away, folder by folder, in words."""
    volumes = [(id_, v) for id_ in ids for v in workspace.deployment.instance(id_).volumes]
    if not volumes:
        return ()
    # What is not there is complained of on standard error, and all the others are told.
    done = workspace.server.run(("du", "--summarize", "--block-size=1M", "--",
                                 *(v.path for _id, v in volumes)))
    sizes = {path: mb for mb, _tab, path in
             (line.partition("\t") for line in done.stdout.splitlines())}
    return tuple(
        _("{id}/{volume}, {mb} MB: {holds}").format(
            id=id_, volume=v.name, mb=sizes[v.path], holds=v.holds)
        if v.path in sizes else _("{id}/{volume}, not found on the server: {holds}").format(
            id=id_, volume=v.name, holds=v.holds)
        for id_, v in volumes)


def purge(workspace: Workspace, ids: tuple[str, ...], *, save: bool) -> str | None:
    """Remove platforms and their data for good; gives the snapshot that was made of them before."""
    with workspace.lock("drop --purge") as lock:
        found = look(workspace)
        run = _saved(workspace, ids, known_receipts(found)) if save else None
        # One that was dropped before has data and no receipt; it is named all the same.
        some = {id_: found["receipts"].get(id_, {}) for id_ in ids}
        workspace.write_bundle()
        refuse_failed(remove_platforms(workspace, some, lock, purge=True))
        lock.result = "done"
    return run


def _saved(workspace: Workspace, ids: tuple[str, ...], there: list[str]) -> str:
    """Save them; where that cannot be done wholly, nothing is removed."""
    for id_ in ids:
        if id_ not in there:
            raise _not_saved(_("{id} is not up on the server").format(id=id_))
    answer = ask(workspace, "backup", {"only": list(ids), "kind": KIND})
    for id_, why in answer["failed"].items():
        raise _not_saved(f"{id_}: {spoken(why)}")
    return str(answer["run"])


def _not_saved(why: str) -> NatmError:
    return NatmError(
        _("it could not be saved first, so nothing was removed: {why}").format(why=why),
        code="purge.not-saved",
        hint=_("`natm deploy` brings it up; or give up what is in it with --no-backup"))
