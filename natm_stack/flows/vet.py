# SPDX-License-Identifier: AGPL-3.0-or-later
"""vet: the policy's verdicts on platforms, rule by rule, and what must be looked at again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from ..errors import NatmError
from ..i18n import _
from ..load import Catalog, CatalogEntry, load_catalog, suggestion
from ..load_vetting import (
    LoadedDecision,
    LoadedDossier,
    LoadedPolicy,
    load_criteria,
    load_decisions,
    load_dossier,
    load_policy,
)
from ..model.base import words_in
from ..model.criteria import Criteria
from ..model.decision import Decision
from ..model.dossier import newest_day
from ..model.verdict import Due, Verdict, VetReport
from ..paths import shipped
from ..vet import Subject, due, vet
from .workspace import Workspace

POLICY, DECISIONS = "policy.yml", "decisions"


class Vetting:
    """What judging needs: criteria, the community's policy and decisions, and the day."""

    def __init__(
        self, catalog: Catalog, folder: Path | None = None, *, policy: str | None = None,
        today: date | None = None,
    ) -> None:
        self.catalog, self.folder, self.named = catalog, folder, policy
        self.clock = today or date.today()
        self._dossiers: dict[str, LoadedDossier | None] = {}

    @cached_property
    def criteria(self) -> Criteria:
        """The questions."""
        return load_criteria(shipped("catalog") / "criteria.yml")

    @cached_property
    def policy(self) -> LoadedPolicy | None:
        """The community's policy, or a ready-made one that was named."""
        if self.named is not None:
            return load_policy(policy_file(self.named), self.criteria)
        file = None if self.folder is None else self.folder / POLICY
        return load_policy(file, self.criteria) if file is not None and file.exists() else None

    @cached_property
    def decisions(self) -> list[LoadedDecision]:
        """All decisions of the workspace."""
        return [] if self.folder is None else load_decisions(self.folder / DECISIONS)

    def dossier(self, entry: CatalogEntry) -> LoadedDossier | None:
        """A platform's dossier, read once."""
        id_ = entry.platform.id
        if id_ not in self._dossiers:
            self._dossiers[id_] = load_dossier(entry, self.criteria)
        return self._dossiers[id_]

    def today(self, ids: Iterable[str]) -> date:
        """The clock's day, or the newest day that is known of where the clock is behind."""
        known = [self.dossier(self.catalog.entry(id_)) for id_ in ids]
        return max([self.clock, *(newest_day(d.dossier) for d in known if d)])

    def verdict(self, id_: str, today: date) -> Verdict:
        """What the policy says of one platform."""
        entry = self.catalog.entry(id_)
        dossier, policy = self.dossier(entry), self.policy
        made = vet(self.criteria, policy.policy if policy else None,
                   dossier.dossier if dossier else None,
                   Subject(id_, entry.platform.version, today))
        return replace(made, policy_sha256=policy.sha256 if policy else None,
                       dossier_sha256=dossier.sha256 if dossier else None)


def policy_file(named: str) -> Path:
    """A ready-made policy by its name, or a file by its path."""
    ready = ready_policies()
    if named in ready:
        return ready[named]
    if Path(named).suffix == ".yml":
        return Path(named)
    raise NatmError(_("there is no ready-made policy called {name}").format(name=named),
                    code="policy.unknown", hint=suggestion(named, ready))


def ready_policies() -> dict[str, Path]:
    """Policies to start from, by name."""
    return {file.stem: file for file in sorted((shipped("catalog") / "policies").glob("*.yml"))}


def of_workspace(workspace: Workspace, policy: str | None = None) -> Vetting:
    """Vetting with a workspace's own policy and decisions."""
    return Vetting(workspace.catalog, workspace.folder, policy=policy)


def of_catalog(layers: tuple[Path, ...], policy: str | None = None) -> Vetting:
    """Vetting before there is a workspace."""
    return Vetting(load_catalog(shipped("catalog"), [(f, False) for f in layers]), policy=policy)


def vet_platforms(vetting: Vetting, ids: tuple[str, ...]) -> VetReport:
    """Verdicts on these platforms, in the order given."""
    today = vetting.today(ids)
    notes = [_("this computer's clock is behind; {today} is the newest day known here").format(
        today=today)] if today > vetting.clock else []
    policy = vetting.policy
    if policy is None:
        notes.append(_("there is no policy.yml: facts are shown, and nothing is refused"))
    elif policy.policy.review_by and policy.policy.review_by < today:
        notes.append(_("the policy was to be looked at again by {day}").format(
            day=policy.policy.review_by))
    verdicts = tuple(vetting.verdict(id_, today) for id_ in ids)
    community = words_in(policy.policy.community.name or policy.policy.title,
                         policy.policy.languages) if policy else ""
    return VetReport(
        str(policy.file) if policy else None, today, verdicts, tuple(notes), community)


def due_within(vetting: Vetting, ids: tuple[str, ...], days: int) -> tuple[date, list[Due]]:
    """All that wants looking at again by then: claims, dossiers, decisions and the policy."""
    today = vetting.today(ids)
    languages = vetting.policy.policy.languages if vetting.policy else ()
    found: list[Due] = []
    for id_ in ids:
        entry = vetting.catalog.entry(id_)
        dossier = vetting.dossier(entry)
        if dossier is not None:
            found += due(vetting.criteria, dossier.dossier,
                         Subject(id_, entry.platform.version, today), languages)
    found += [_decision_due(one.decision) for one in latest(vetting.decisions)]
    if vetting.policy and vetting.policy.policy.review_by:
        found.append(Due("policy", "", vetting.policy.file.name,
                         vetting.policy.policy.review_by, _("the policy itself")))
    last = today + timedelta(days=days)
    return today, sorted((one for one in found if one.due_on <= last),
                         key=lambda one: (one.due_on, one.platform, one.name))


def _decision_due(decision: Decision) -> Due:
    return Due("decision", decision.platform, decision.id, decision.expires_on, decision.outcome,
               tuple(s.name for s in decision.decided_by))


def latest(decisions: list[LoadedDecision]) -> list[LoadedDecision]:
    """Of each platform, the decision that was made last."""
    return list({one.decision.platform: one for one in decisions}.values())
