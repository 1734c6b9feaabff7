# SPDX-License-Identifier: AGPL-3.0-or-later
"""plan: what a deploy would change, found without changing anything."""

from __future__ import annotations

from dataclasses import replace

from ..diff import Look, diff, questions
from ..errors import NatmError
from ..i18n import _
from ..load import suggestion
from ..model.results import Plan
from ..preflight import refuse
from .accounts import others
from .vet import of_workspace
from .workspace import Workspace


def look(workspace: Workspace) -> Look:
    """One look at the server, over one connection."""
    found: Look = workspace.server.script("look", questions(workspace.deployment))
    return found


def plan(
    workspace: Workspace, *, only: tuple[str, ...] = (), full: bool = False
) -> tuple[Plan, Look]:
    """The plan, and the look at the server it was made from."""
    known_ids(workspace, only)
    read_dossiers(workspace)
    bundle = workspace.bundle
    found = look(workspace)
    _refuse_other_secrets(workspace, found)
    made = diff(workspace.deployment, bundle, found, only=only, full=full)
    refuse(workspace.deployment, made, found)
    return replace(made, notes=(*made.notes, *_to_adopt(workspace, made, found))), found


def _to_adopt(workspace: Workspace, made: Plan, found: Look) -> tuple[str, ...]:
    """Whoever has an account of a platform's own cannot come in by the new one yet."""
    accounts = workspace.deployment.accounts
    new = any(one.id == accounts and one.action == "create" for one in made.platforms)
    before = [i.id for i in others(workspace) if i.id in found["receipts"]]
    return (_("members of {ids} will sign in with the one account: `natm members adopt`, right "
              "after the deploy, makes it for each of them").format(ids=", ".join(before)),
            ) if new and before else ()


def read_dossiers(workspace: Workspace) -> None:
    """A broken entry is refused by name, before anything of it reaches a server."""
    vetting = of_workspace(workspace)
    for instance in workspace.deployment.instances:
        vetting.dossier(workspace.catalog.entry(instance.id))


def known_ids(workspace: Workspace, ids: tuple[str, ...]) -> None:
    """Refuse ids that this stack does not have."""
    known = {instance.id for instance in workspace.deployment.instances}
    for id_ in ids:
        if id_ not in known:
            raise NatmError(
                _("this stack has no platform called {id}").format(id=id_),
                code="stack.unknown-platform", where=str(workspace.folder / "stack.yml"),
                hint=suggestion(id_, known))


def require_same(again: Plan, shown: Plan) -> None:
    """Exactly what people saw is done, or nothing: `NatmError` where the server moved meanwhile."""
    if not same(again, shown):
        raise NatmError(
            _("the server changed while the plan was being read"), code="deploy.plan-changed",
            hint=_("run the command again and look at the new plan"))


def same(one: Plan, other: Plan) -> bool:
    """Whether two plans would do the same; what is free on the server moves all the time."""
    def still(made: Plan) -> Plan:
        return replace(made, host=replace(made.host, memory_available_mb=0, disk_available_mb=0))

    return still(one) == still(other)


def _refuse_other_secrets(workspace: Workspace, found: Look) -> None:
    """An old checkout, or another key: what runs was made with secrets this workspace lacks."""
    for id_, receipt in found["receipts"].items():
        own = workspace.secrets.of(id_)
        for name, print_ in receipt.get("secrets", {}).items():
            value = own.get(name)
            if id_ in {i.id for i in workspace.deployment.instances} and (
                    value is None
                    or workspace.secrets.fingerprint(value.reveal().encode()) != print_):
                raise NatmError(
                    _("the server runs {id} with another {name} than this workspace has").format(
                        id=id_, name=name),
                    code="secrets.differ", where=str(workspace.folder / "secrets.yml"),
                    hint=_("use the newest copy of the workspace; "
                           "`natm init --from SERVER` fetches it"))
