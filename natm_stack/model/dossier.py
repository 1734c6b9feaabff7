# SPDX-License-Identifier: AGPL-3.0-or-later
"""dossier.yml: what is known of one platform, on what ground, since when. Never a sum of it."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from ..i18n import _
from .base import Day, FileModel, Identifier, Key, Words, months_later
from .criteria import CONTESTED, NOT_APPLICABLE, UNKNOWN, Flag

OLDEST_MONTHS = 18
Short = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"\x00-\x1f]{1,400}$")]
InFolder = Annotated[str, StringConstraints(
    pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$", max_length=200)]
"""A file below the platform's folder; no part begins with a dot, so none leads upwards."""
EvidenceId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,20}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]

RANKING = frozenset({
    "score", "scores", "grade", "grades", "star", "stars", "rating", "ratings", "rank", "ranking",
    "total", "totals", "percent_passed", "points"})
PERSONAL = frozenset({
    "nationality", "citizenship", "ethnicity", "birthplace", "residence", "home_country"})


class Evidence(FileModel):
    """Something that can be looked at again."""

    kind: Key
    url: Url | None = None
    file: InFolder | None = Field(default=None, description="Inside the platform's folder.")
    at: Short | None = Field(default=None, description="Commit, digest, edition, page.")
    read_on: Day
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    note: Words = {}

    @model_validator(mode="after")
    def _can_be_found(self) -> Evidence:
        if self.url is None and self.file is None and self.at is None:
            raise ValueError(_("say where it can be found: url, file, or at"))
        return self


class Claim(FileModel):
    """One value, and why anyone should believe it."""

    value: Any
    basis: Key | None = None
    observed: Day | None = None
    ev: list[EvidenceId] = []
    profile: Literal["default", "natm"] | None = None
    note: Words = {}
    candidates: list[Claim] = Field(default=[], description="contested: the values there are.")

    @model_validator(mode="after")
    def _grounded(self) -> Claim:
        if self.value == CONTESTED:
            if len(self.candidates) < 2:
                raise ValueError(_("a contested value names its candidates, two at least"))
        elif self.value == UNKNOWN:
            if self.basis or self.observed or self.ev:
                raise ValueError(_("unknown means nobody looked: it has no basis, day or evidence"))
        elif self.value == NOT_APPLICABLE:
            if not self.note:
                raise ValueError(_("not_applicable needs its reason, in `note`"))
        elif not (self.basis and self.observed and self.ev):
            raise ValueError(_("a value needs basis, observed (the day) and ev (its evidence); "
                               "write unknown where nobody looked"))
        if self.candidates and self.value != CONTESTED:
            raise ValueError(_("only a contested value has candidates"))
        return self


class AntiFeature(FileModel):
    """Something that stands against people."""

    id: Flag
    scope: Key
    edition: Identifier
    default_on: bool
    can_disable: bool
    off_in_natm_profile: bool = False
    why: Words
    ev: list[EvidenceId] = Field(min_length=1)


class Upstream(FileModel):
    """Where the software comes from."""

    site: Url | None = None
    source: Url | None = None
    forge_country: Country | None = None


class Version(FileModel):
    """The very version that was looked at."""

    assessed: Short
    commit: Short | None = None
    digest: Digest | None = None
    released: Short = UNKNOWN


class Contest(FileModel):
    """An objection that is open: both values are shown, and the worse one counts."""

    claim: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    filed_on: Day
    wrong: Words
    interest: Short
    says: Claim | None = Field(default=None, description="The value the objector finds.")


class Seal(FileModel):
    """The expiry that a set of evidence earned: a date moves only together with evidence."""

    expires_on: Day
    evidence: Digest


class Reason(FileModel):
    """Why not, and where that can be looked at."""

    says: Words = Field(min_length=1)
    ev: list[EvidenceId] = Field(min_length=1)


class Refused(FileModel):
    """That a platform is not offered, since when, why, and what would change it."""

    since: Day
    reasons: list[Reason] = Field(min_length=1)
    would_change: list[Words] = Field(min_length=1)
    rather: list[Identifier] = Field(default=[], description="Platforms that do it instead.")


class Dossier(FileModel):
    """All that is known of one platform."""

    dossier: Literal["natm-dossier/1"]
    platform: Identifier
    kind: list[Key] = Field(min_length=1)
    name: Words
    upstream: Upstream = Upstream()
    edition: Identifier
    version: Version
    status: Literal["draft", "reviewed", "contested", "superseded", "withdrawn"]
    updated_on: Day
    expires_on: Day
    declared_interests: Short
    claims: dict[Key, dict[Key, Claim]]
    anti_features: list[AntiFeature] | Literal["unknown"] = "unknown"
    evidence: dict[EvidenceId, Evidence]
    open_contests: list[Contest] = []
    signatures: list[Short] = []
    refused: Refused | None = Field(
        default=None, description="Only below refused/: the catalog does not offer it.")
    history: list[Seal] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> Dossier:
        for problem in _problems(self):
            raise ValueError(problem)
        return self

    @property
    def evidence_digest(self) -> str:
        """What the evidence hashes to. Days of reading and notes leave it as it is."""
        return digest_of_evidence(self.evidence)

    def claim(self, path: str) -> Claim | None:
        """The claim about a facet, named `question.facet`."""
        question, _dot, facet = path.partition(".")
        return self.claims.get(question, {}).get(facet)


def digest_of_evidence(evidence: dict[str, Evidence]) -> str:
    """A digest of what can be looked at: kinds, places and contents, no dates."""
    plain = [[id_, e.kind, e.url, e.file, e.at, e.sha256] for id_, e in sorted(evidence.items())]
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def every_claim(dossier: Dossier) -> list[tuple[str, str, Claim]]:
    """All claims as (question, facet, claim), the candidates of contested ones behind them."""
    return [(question, facet, one) for question, facets in dossier.claims.items()
            for facet, claim in facets.items() for one in (claim, *claim.candidates)]


def _problems(dossier: Dossier) -> list[str]:
    found = []
    if not dossier.updated_on <= dossier.expires_on <= months_later(
            dossier.updated_on, OLDEST_MONTHS):
        found.append(_("expires_on is at most 18 months after updated_on, and not before it"))
    for question, facet, claim in every_claim(dossier):
        found += _claim_problems(dossier, f"{question}.{facet}", claim)
    flags = dossier.anti_features if isinstance(dossier.anti_features, list) else []
    used = [(f.id, f.ev) for f in flags]
    used += [("refused", r.ev) for r in dossier.refused.reasons] if dossier.refused else []
    for name, ids in [*used, *((c.claim, c.says.ev) for c in dossier.open_contests if c.says)]:
        missing = [id_ for id_ in ids if id_ not in dossier.evidence]
        found += [_("{name} names evidence that is not there: {id}").format(
            name=name, id=missing[0])] if missing else []
    for contest in dossier.open_contests:
        if dossier.claim(contest.claim) is None:
            found.append(_("a contest is about {name}, which is not claimed").format(
                name=contest.claim))
    return found + history_problems(dossier.history)


def _claim_problems(dossier: Dossier, name: str, claim: Claim) -> list[str]:
    missing = [id_ for id_ in claim.ev if id_ not in dossier.evidence]
    if missing:
        return [_("{name} names evidence that is not there: {id}").format(
            name=name, id=missing[0])]
    if claim.observed and claim.observed > dossier.updated_on:
        return [_("{name} was observed after the dossier's updated_on").format(name=name)]
    return []


def history_problems(history: list[Seal]) -> list[str]:
    """A later date that no other evidence came with."""
    return [_("history moves the date to {day} without new evidence").format(day=after.expires_on)
            for before, after in pairwise(history)
            if after.expires_on > before.expires_on and after.evidence == before.evidence]


def moved_without_evidence(before: Dossier, after: Dossier) -> bool:
    """Whether `after` lives longer than `before` though nothing new was looked at."""
    return after.expires_on > before.expires_on and (
        after.evidence_digest == before.evidence_digest)


def newest_day(dossier: Dossier) -> date:
    """The latest day this dossier speaks of; a clock cannot be earlier."""
    return max([dossier.updated_on, *(e.read_on for e in dossier.evidence.values())])
