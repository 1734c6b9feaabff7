# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading the ladder, and the records of what was proven of each platform by running it."""

from __future__ import annotations

from pathlib import Path

from .errors import NatmError
from .i18n import _
from .load import CatalogEntry, validated
from .model.ladder import Ladder, LadderRecord, RungState, states
from .yamlfile import read

RECORDS = "*-ladder.yml"


def load_ladder(file: Path) -> Ladder:
    """Read ladder.yml."""
    return validated(read(file), Ladder, "ladder")


def load_records(entry: CatalogEntry) -> list[tuple[str, LadderRecord]]:
    """All records in a platform's folder, by file; one that was changed by hand is refused."""
    found = []
    for file in sorted((entry.folder / "measurements").glob(RECORDS)):
        if file.is_symlink():
            raise NatmError(_("a catalog holds files and folders, no links"),
                            code="catalog.symlink", where=str(file))
        document = read(file)
        record = validated(document, LadderRecord, "measurement")
        if record.subject.platform != entry.platform.id:
            raise NatmError(
                _("this measurement is about {other}, and lies in the folder of {id}").format(
                    other=record.subject.platform, id=entry.platform.id),
                code="measurement.wrong-folder", where=document.place("subject", "platform"))
        if record.seal != record.sealed:
            raise NatmError(
                _("this measurement is not what `natm prove` wrote: it was changed since"),
                code="measurement.edited", where=document.place("sealed"),
                hint=_("measure again with `natm prove {id}`").format(id=entry.platform.id))
        found.append((file.name, record))
    return found


def ladder_of(entry: CatalogEntry, ladder: Ladder) -> tuple[RungState, ...]:
    """Where a platform stands, by the records in its folder and by nothing else."""
    platform = entry.platform
    unknown = set(platform.not_applicable) - set(ladder.rungs)
    if unknown:
        raise NatmError(
            _("the ladder has no rung called {name}").format(name=min(unknown)),
            code="catalog.unknown-rung", where=entry.document.place("not_applicable"),
            hint=_("there are: {names}").format(names=", ".join(ladder.rungs)))
    records = load_records(entry)
    if platform.only_rendered and records:
        raise NatmError(
            _("{id} says that it was only rendered, and there is a record of running it").format(
                id=platform.id), code="catalog.was-run",
            where=entry.document.place("only_rendered"), hint=_("take `only_rendered` out"))
    return states(ladder, platform.not_applicable, platform.version, entry.recipes, records)
