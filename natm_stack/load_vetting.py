# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading what vetting is made of: criteria, dossiers, policies and decisions.

A file that ranks, that records where a person is from, or that moves a date without new evidence
is refused, by file and line. Nothing written in these files is ever run or fetched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import NatmError
from .i18n import _
from .load import CatalogEntry, validated
from .model.criteria import CONTESTED, NOT_APPLICABLE, UNKNOWN, Criteria
from .model.decision import Decision
from .model.dossier import (
    PERSONAL,
    RANKING,
    Dossier,
    Refused,
    digest_of_evidence,
    every_claim,
)
from .model.policy import Policy, problems_with
from .yamlfile import Document, read


@dataclass(frozen=True)
class Loaded:
    """A file and a digest of its very bytes, for decisions to refer to."""

    file: Path
    sha256: str


@dataclass(frozen=True)
class LoadedDossier(Loaded):
    """A dossier, read."""

    dossier: Dossier


@dataclass(frozen=True)
class LoadedPolicy(Loaded):
    """A policy, read."""

    policy: Policy


@dataclass(frozen=True)
class LoadedDecision(Loaded):
    """A decision, read."""

    decision: Decision


def load_criteria(file: Path) -> Criteria:
    """Read criteria.yml."""
    document = _read(file, "criteria")
    return validated(document, Criteria, "criteria")


def load_dossier(entry: CatalogEntry, criteria: Criteria) -> LoadedDossier | None:
    """The dossier of a platform, or None where it has none."""
    file = entry.folder / "dossier.yml"
    if not file.is_file() and not file.is_symlink():
        return None
    loaded = read_dossier(file, criteria, platform=entry.platform.id)
    if loaded.dossier.refused:
        raise NatmError(
            _("{id} is offered here, and its dossier says that it is refused").format(
                id=entry.platform.id), code="dossier.refused-here", where=str(file),
            hint=_("what is refused lies in refused/ID and has a dossier alone"))
    return loaded


def load_refused(folder: Path, criteria: Criteria) -> tuple[LoadedDossier, Refused]:
    """The dossier of a platform that is not offered, and why it is not."""
    file = folder / "dossier.yml"
    loaded = read_dossier(file, criteria, platform=folder.name)
    if loaded.dossier.refused is None:
        raise NatmError(
            _("this dossier does not say why {id} is refused").format(id=folder.name),
            code="dossier.no-reason", where=str(file),
            hint=_("write `refused:` with since, reasons and would_change"))
    return loaded, loaded.dossier.refused


def read_dossier(file: Path, criteria: Criteria, *, platform: str) -> LoadedDossier:
    """Read one dossier.yml; `NatmError` points at the line that is wrong."""
    document = _read(file, "dossier")
    _require_expiry(document)
    dossier = validated(document, Dossier, "dossier")
    if dossier.platform != platform:
        raise NatmError(
            _("this dossier is about {other}, and lies in the folder of {id}").format(
                other=dossier.platform, id=platform),
            code="dossier.wrong-folder", where=document.place("platform"))
    _require_known(dossier, document, criteria)
    _require_seal(dossier, document)
    _require_files(dossier, document)
    return LoadedDossier(file, _digest(document), dossier)


def load_policy(file: Path, criteria: Criteria) -> LoadedPolicy:
    """Read a policy; what it names must be there in the criteria."""
    document = _read(file, "policy")
    policy = validated(document, Policy, "policy")
    for *path, word in problems_with(
            policy, criteria.facet, criteria.bases, criteria.anti_features):
        place = [int(part) if part.isdigit() else part for part in path]
        raise NatmError(
            _("the criteria know nothing called {word}").format(word=word),
            code="policy.unknown-word", where=document.place(*place),
            hint=_("criteria.yml in the catalog lists every question and its words"))
    return LoadedPolicy(file, _digest(document), policy)


def load_decisions(folder: Path) -> list[LoadedDecision]:
    """All decisions of a workspace, in the order in which they were made."""
    found = []
    for file in sorted(folder.glob("*.yml")):
        document = _read(file, "decision")
        decision = validated(document, Decision, "decision")
        if decision.id != file.stem:
            raise NatmError(
                _("the decision calls itself {id}, but its file is {file}").format(
                    id=decision.id, file=file.name),
                code="decision.wrong-file", where=document.place("id"))
        found.append(LoadedDecision(file, _digest(document), decision))
    return sorted(found, key=lambda one: (one.decision.decided_on, one.decision.id))


def _read(file: Path, area: str) -> Document:
    document = read(file)
    for path in document.lines:
        word = str(path[-1]).lower().replace("-", "_") if path else ""
        if word in RANKING:
            raise NatmError(
                _("nothing here ranks platforms: the key {word} is refused").format(word=path[-1]),
                code=f"{area}.ranks", where=document.place(*path),
                hint=_("say what was found, by whom and how; each community weighs it itself"))
        if word in PERSONAL:
            raise NatmError(
                _("where a person is from or lives is not recorded: the key {word} is "
                  "refused").format(word=path[-1]),
                code=f"{area}.personal", where=document.place(*path),
                hint=_("record legal persons, owners, hosts and laws, for every country alike"))
    return document


def _digest(document: Document) -> str:
    return f"sha256:{hashlib.sha256(document.data).hexdigest()}"


def _require_expiry(document: Document) -> None:
    if isinstance(document.value, dict) and not document.value.get("expires_on"):
        raise NatmError(
            _("a dossier without a day on which it ends is refused"), code="dossier.no-expiry",
            where=document.place(),
            hint=_("write expires_on, 18 months after updated_on at the latest"))


def _require_known(dossier: Dossier, document: Document, criteria: Criteria) -> None:
    """Every claim answers a question there is, in words that question allows."""
    for question, name, claim in every_claim(dossier):
        place = document.place("claims", question, name)
        facet = criteria.facet(f"{question}.{name}")
        if facet is None:
            raise NatmError(
                _("the criteria ask nothing called {name}").format(name=f"{question}.{name}"),
                code="dossier.unknown-facet", where=place,
                hint=_("criteria.yml in the catalog lists every question and its words"))
        plain = claim.value in (UNKNOWN, CONTESTED, NOT_APPLICABLE) if isinstance(
            claim.value, str) else False
        problem = None if plain else facet.problem(claim.value)
        problem = problem or _basis_problem(dossier, claim.basis, claim.ev, criteria)
        if problem:
            raise NatmError(f"{question}.{name}: {problem}", code="dossier.bad-value", where=place)
    flags = dossier.anti_features if isinstance(dossier.anti_features, list) else []
    for number, flag in enumerate(flags):
        if flag.id not in criteria.anti_features:
            raise NatmError(
                _("there is no anti-feature called {id}").format(id=flag.id),
                code="dossier.unknown-flag", where=document.place("anti_features", number))
        if flag.off_in_natm_profile and not _has(dossier, flag.ev, "measurement"):
            raise NatmError(
                _("that natm switches {id} off is claimed without a measurement").format(
                    id=flag.id),
                code="dossier.unmeasured", where=document.place("anti_features", number))


def _basis_problem(
    dossier: Dossier, basis: str | None, ev: Iterable[str], criteria: Criteria
) -> str | None:
    if basis is None:
        return None
    spec = criteria.bases.get(basis)
    if spec is None:
        return _("choose as basis one of: {all}").format(all=", ".join(criteria.bases))
    if spec.wants and not _has(dossier, ev, spec.wants):
        return _("the basis {basis} needs evidence of the kind {kind}").format(
            basis=basis, kind=spec.wants)
    return None


def _has(dossier: Dossier, ev: Iterable[str], kind: str) -> bool:
    return any(dossier.evidence[id_].kind == kind for id_ in ev)


def _require_seal(dossier: Dossier, document: Document) -> None:
    """The last line of `history` is this date with this evidence, or the date moved alone."""
    last, digest = dossier.history[-1], digest_of_evidence(dossier.evidence)
    if (last.expires_on, last.evidence) == (dossier.expires_on, digest):
        return
    if last.evidence == digest:
        raise NatmError(
            _("expires_on was moved from {before} to {after}, and nothing new was looked "
              "at").format(before=last.expires_on, after=dossier.expires_on),
            code="dossier.date-moved", where=document.place("expires_on"),
            hint=_("a date moves only together with new evidence"))
    raise NatmError(
        _("the evidence is not the one this date was earned with"),
        code="dossier.unsealed", where=document.place("history"),
        hint=_("add to `history`: - {line}").format(
            line=f'{{expires_on: {dossier.expires_on}, evidence: "{digest}"}}'))


def _require_files(dossier: Dossier, document: Document) -> None:
    """Evidence in a file lies in the platform's folder, and is there to be read."""
    root = document.file.parent.resolve()
    for id_, evidence in dossier.evidence.items():
        if evidence.file is None:
            continue
        path = (root / evidence.file).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise NatmError(
                _("the evidence {file} is not in the platform's folder").format(
                    file=evidence.file),
                code="dossier.no-evidence", where=document.place("evidence", id_, "file"))


def plain(value: Any) -> Any:
    """A model as plain values for --json."""
    return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
