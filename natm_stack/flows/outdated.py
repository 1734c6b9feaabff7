# SPDX-License-Identifier: AGPL-3.0-or-later
"""outdated: for which platforms there is something newer, in this natm and at Debian's mirrors."""

from __future__ import annotations

from typing import Any

from ..diff import Look, known_receipts, newer
from ..errors import NatmError
from ..i18n import _
from ..model.upgrades import Newer, OutdatedReport
from ..stackfile import edit, set_epoch
from .plan import plan as make_plan
from .tools import today
from .workspace import Workspace

Packages = tuple[tuple[str, str, str], ...]


def outdated(workspace: Workspace) -> OutdatedReport:
    """Look at the server and at the mirrors it is set up with; nothing is changed."""
    made, found = make_plan(workspace)
    receipts = found["receipts"]
    if not known_receipts(found):
        raise NatmError(
            _("nothing of this stack was brought up yet, so nothing can be out of date"),
            code="outdated.nothing", where=workspace.deployment.server.host,
            hint=_("`natm deploy` first"))
    images = {id_: sorted(receipt.get("images", {}).values())
              for id_, receipt in receipts.items() if id_ != "host"}
    there = [tag for tag in sorted({t for tags in images.values() for t in tags})
             if tag in _known(found)]
    looked = workspace.server.script("packages", {"newer": there}, timeout=1200)["newer"]
    reasons = {p.id: p.reasons for p in made.platforms}
    platforms = []
    for instance in workspace.deployment.instances:
        receipt = receipts.get(instance.id)
        if receipt is None:
            continue
        packages = _merged(looked, images[instance.id])
        waits = newer(instance, receipt)
        if packages or waits:
            platforms.append(Newer(
                instance.id, str(receipt.get("version", "?")), instance.version,
                reasons.get(instance.id, ()) if waits else (), packages))
    return OutdatedReport(workspace.deployment.name, tuple(platforms),
                          workspace.loaded.stack.package_epoch, _unseen(looked))


def _known(found: Look) -> set[str]:
    """Tags of images that containers of ours run on, or that the engine is known to have."""
    return {tag for tag, id_ in found["images"].items() if id_} | {
        one["image"] for one in found["containers"]}


def _merged(looked: dict[str, Any], tags: list[str]) -> Packages:
    all_ = {tuple(one) for tag in tags for one in looked.get(tag, {}).get("packages", [])}
    return tuple(sorted((str(a), str(b), str(c)) for a, b, c in all_))


def _unseen(looked: dict[str, Any]) -> tuple[str, ...]:
    """Images that could not be looked at, with the reason: silence is not good news."""
    return tuple(_("{image} could not be looked at: {why}").format(image=tag, why=one["why"])
                 for tag, one in sorted(looked.items()) if "why" in one)


def changed_packages(
    workspace: Workspace, before: dict[str, str], after: dict[str, str]
) -> Packages:
    """Debian's packages that differ between a platform's images and those it had."""
    pairs = [[before[name], tag] for name, tag in after.items()
             if before.get(name) not in (None, tag)]
    if not pairs:
        return ()
    answers = workspace.server.script("packages", {"compare": pairs}, timeout=600)["compare"]
    return tuple(sorted({(str(a), str(b), str(c)) for one in answers
                         for a, b, c in one["packages"]}))


def move_epoch(workspace: Workspace) -> None:
    """From here on images are made of today's packages: stack.yml says so."""
    edit(workspace.folder / "stack.yml", set_epoch(str(today())))
