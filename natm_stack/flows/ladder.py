# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was proven of a platform by running it, for people: from the records, and nothing else."""

from __future__ import annotations

from typing import Any

from ..errors import NatmError
from ..i18n import _
from ..load import CatalogEntry
from ..load_ladder import ladder_of, load_ladder
from ..model.base import text_in
from ..model.ladder import Ladder, RungState
from ..model.results import Told
from ..paths import shipped
from .dossiers import wrapped


def the_ladder() -> Ladder:
    """The rungs there are."""
    return load_ladder(shipped("catalog") / "ladder.yml")


def ladder_values(entry: CatalogEntry, ladder: Ladder) -> dict[str, Any]:
    """Where a platform stands, as plain values."""
    return {"only_rendered": entry.platform.only_rendered, "rungs": {
        one.rung: {"state": one.state, "on": one.on.isoformat() if one.on else None,
                   "says": text_in(ladder.rungs[one.rung].says, "en"), "why": one.why,
                   "same_recipe": one.same_recipe, "file": one.file}
        for one in ladder_of(entry, ladder)}}


def ladder_told(entry: CatalogEntry) -> Told:
    """Rung by rung: proven, when, on what; or why not."""
    ladder = the_ladder()
    lines = ["", _("  Proven by running it:")]
    if entry.platform.only_rendered:
        lines += wrapped(unproven_words(entry), 4)
    for one in ladder_of(entry, ladder):
        says = text_in(ladder.rungs[one.rung].says, "en")
        lines += wrapped(f"{says}: {_state(one)}", 4)
    return Told(tuple(lines), ladder_values(entry, ladder))


def unproven_words(entry: CatalogEntry) -> str:
    """What is said wherever something is shown that nobody has run."""
    pinned = all(i.build or i.digest for i in entry.platform.images.values())
    words = _("only rendered, never run: its files were written and read by Compose, and nobody "
              "has started it yet")
    return words if pinned else words + "; " + _(
        "an image of it is not pinned yet, and the first deployment takes what there is")


def _state(one: RungState) -> str:
    if one.state == "not_applicable":
        return _("does not apply: {why}").format(why=one.why)
    if one.state == "missing":
        return _("not proven yet; it waits for {what}").format(what=one.why) if one.why else (
            _("not proven yet"))
    since = "" if one.same_recipe else _("; its recipe was changed since")
    how = _("proven") if one.state == "proven" else _("tried, and it failed")
    return _("{how} on {day}: {saw}{since} [measurements/{file}]").format(
        how=how, day=one.on, saw=one.why, since=since, file=one.file)


def require_proven(entry: CatalogEntry, accept: bool) -> None:
    """Nothing that nobody has run gets into a stack by accident."""
    if entry.platform.only_rendered and not accept:
        raise NatmError(
            _("{id} is {words}").format(id=entry.platform.id, words=unproven_words(entry)),
            code="catalog.unproven",
            hint=_("`--accept-unproven` takes it all the same; tell us how it went"))
