# SPDX-License-Identifier: AGPL-3.0-or-later
"""pick and drop: edit stack.yml, keep its comments, and never leave an unsound one behind."""

from __future__ import annotations

from ..errors import NatmError
from ..i18n import _
from ..model.deployment import ALWAYS
from ..model.results import Told
from ..resolve import resolve
from ..stackfile import add_platform, drop_platform, edit, edited
from .ladder import require_proven
from .purge import purge
from .workspace import Workspace


def pick(workspace: Workspace, ids: tuple[str, ...], *, accept_unproven: bool = False) -> Told:
    """Add platforms to stack.yml."""
    for id_ in ids:
        entry = workspace.catalog.entry(id_)
        if not entry.trusted:
            raise NatmError(_("{id} comes from a catalog nobody here has trusted yet").format(
                id=id_), code="catalog.untrusted", hint=_("read it, then `natm catalog trust`"))
        require_proven(entry, accept_unproven)
    new = tuple(id_ for id_ in ids if id_ not in workspace.loaded.stack.platforms)
    edit(workspace.folder / "stack.yml", add_platform(new))
    words = _("added to stack.yml: {ids}").format(ids=", ".join(new)) if new else _(
        "stack.yml has them already")
    return Told((words, _("next: `natm plan`, `natm deploy`")), {"added": list(new)})


def _refuse_needed(ids: tuple[str, ...], staying: list[str]) -> None:
    """What the rest of the stack needs comes back by itself, so its data must not go."""
    needed = [id_ for id_ in ids if id_ in staying]
    if needed:
        raise NatmError(
            _("the rest of the stack needs {ids}").format(ids=", ".join(needed)),
            code="drop.needed", hint=_("take its entry out of stack.yml by hand if you only want "
                                       "its settings gone"))


def droppable(workspace: Workspace, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The platforms, each once; an error where one cannot leave the stack."""
    ids = tuple(dict.fromkeys(ids))
    for id_ in ids:
        if id_ not in workspace.loaded.stack.platforms:
            raise NatmError(
                _("stack.yml does not list {id}").format(id=id_), code="stack.unknown-platform",
                where=workspace.loaded.document.place("platforms"),
                hint=_("every stack has {names}").format(names=", ".join(ALWAYS))
                if id_ in ALWAYS else None)
    if len(workspace.loaded.stack.platforms) == len(set(ids)):
        raise NatmError(_("this would leave a stack with nothing in it"), code="stack.empty",
                        hint=_("`natm remove` takes the whole stack away"))
    file = workspace.folder / "stack.yml"
    after = resolve(workspace.catalog, edited(file, drop_platform(ids)))
    _refuse_needed(ids, [i.id for i in after.instances])
    return ids


def drop(workspace: Workspace, ids: tuple[str, ...]) -> Told:
    """Take platforms out of stack.yml; their data stay."""
    ids = droppable(workspace, ids)
    edit(workspace.folder / "stack.yml", drop_platform(ids))
    return Told((_("taken out of stack.yml: {ids}; its containers go with the next deploy, its "
                   "data stay on the server").format(ids=", ".join(ids)),),
                {"dropped": list(ids), "purged": False})


def drop_for_good(workspace: Workspace, ids: tuple[str, ...], *, save: bool) -> Told:
    """Off the server with their data, saved first, and out of stack.yml."""
    ids = droppable(workspace, ids)
    run = purge(workspace, ids, save=save)
    edit(workspace.folder / "stack.yml", drop_platform(ids))
    lines = [_("removed with all data, and taken out of stack.yml: {ids}").format(
        ids=", ".join(ids))]
    if run:
        lines.append(_(
            "saved before as {run}, for 30 days; to have it back: `natm pick {ids}`, `natm "
            "deploy`, `natm restore {ids} --snapshot {run}`").format(run=run, ids=" ".join(ids)))
    return Told(tuple(lines), {"dropped": list(ids), "purged": True, "saved": run})
