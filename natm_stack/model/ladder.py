# SPDX-License-Identifier: AGPL-3.0-or-later
"""ladder.yml and the records of climbing it: what was proven of a platform by running it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from ..i18n import _
from .base import Day, FileModel, Identifier, Key, Text, Texts, Words
from .dossier import Digest

How = Literal["deploy", "verify", "one_account", "restore", "none"]
"""The ways in which natm can try a rung; none: it cannot yet."""
Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Rung(FileModel):
    """One thing that can be proven by running a platform."""

    says: Texts
    asks: Texts
    how: How
    waits_for: Texts | None = None

    @model_validator(mode="after")
    def _missing_for_a_reason(self) -> Rung:
        if (self.how == "none") != (self.waits_for is not None):
            raise ValueError(_("`how: none` and `waits_for` belong together"))
        return self


class Ladder(FileModel):
    """All rungs, in order."""

    ladder: Literal["natm-ladder/1"]
    rungs: dict[Key, Rung] = Field(min_length=1)


class Climbed(FileModel):
    """How trying one rung came out."""

    outcome: Literal["passed", "failed"]
    seconds: float = Field(ge=0)
    saw: Text


class Method(FileModel):
    """By what means it was tried."""

    id: Literal["M-LADDER"]
    version: Line
    says: Words


class Tried(FileModel):
    """Which platform in which version, made how."""

    platform: Identifier
    version: Line
    recipes: dict[Identifier, Digest]
    images: dict[Identifier, Line]
    image_ids: dict[Identifier, Digest] = {}


class LadderRecord(FileModel):
    """A file of measurements/: which rungs were tried on a day, on what, and how that went."""

    measurement: Literal["natm-measurement/1"]
    id: Line
    method: Method
    subject: Tried
    environment: dict[Key, Line]
    run_on: Day
    result: dict[Key, Climbed] = Field(min_length=1)
    cannot_see: Text
    sealed: Digest

    @property
    def when(self) -> tuple[date, str]:
        """The day and, on one day, the hour."""
        return self.run_on, self.environment.get("at", "")

    @property
    def seal(self) -> str:
        """What everything but the seal hashes to."""
        return seal_of(self.model_dump(mode="json", exclude={"sealed"}))


def seal_of(values: dict[str, Any]) -> str:
    """A digest of a record's values. It shows a slip or a careless edit; whoever means to
    deceive can compute it too, and is found by running the same again."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@dataclass(frozen=True)
class RungState:
    """Where a platform stands on one rung."""

    rung: str
    state: Literal["proven", "failed", "not_applicable", "missing"]
    on: date | None = None
    why: str = ""
    """Why it does not apply, or what it waits for, or what was seen."""
    same_recipe: bool = True
    file: str = ""


def states(
    ladder: Ladder, not_applicable: dict[str, str], version: str, recipes: dict[str, str],
    records: list[tuple[str, LadderRecord]],
) -> tuple[RungState, ...]:
    """Where a platform of this version stands: the newest record of each rung speaks for it."""
    found = []
    for name, rung in ladder.rungs.items():
        tried = [(record, file) for file, record in records
                 if name in record.result and record.subject.version == version]
        if name in not_applicable:
            found.append(RungState(name, "not_applicable", why=not_applicable[name]))
        elif not tried:
            waits = rung.waits_for["en"] if rung.waits_for else ""
            found.append(RungState(name, "missing", why=waits))
        else:
            record, file = max(tried, key=lambda one: one[0].when)
            one = record.result[name]
            found.append(RungState(
                name, "proven" if one.outcome == "passed" else "failed", record.run_on, one.saw,
                record.subject.recipes == recipes, file))
    return tuple(found)
