# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dossiers for people: one in full, or two side by side, question by question. Never a sum."""

from __future__ import annotations

import textwrap
from typing import Any

from ..errors import NatmError
from ..i18n import _, ngettext
from ..load import CatalogEntry, suggestion
from ..load_vetting import LoadedDossier
from ..model.base import text_in, words_in
from ..model.criteria import CONTESTED, NOT_APPLICABLE, UNKNOWN, Criteria, Question
from ..model.dossier import Claim, Dossier, newest_day
from ..model.results import Told
from ..plaintext import one_line
from ..vet import Subject, freshness
from .vet import Vetting

WIDTH = 92


class Teller:
    """Puts one dossier into words."""

    def __init__(self, vetting: Vetting, dossier: Dossier, version: str) -> None:
        self.criteria: Criteria = vetting.criteria
        self.dossier = dossier
        self.today = max(vetting.clock, newest_day(dossier))
        self.subject = Subject(dossier.platform, version, self.today)

    def value(self, claim: Claim | None, unit: str | None) -> str:
        """A value in words."""
        if claim is None or claim.value == UNKNOWN:
            return _("unknown")
        if claim.value == CONTESTED:
            return _("contested: {values}").format(
                values=_(" or ").join(self.value(c, unit) for c in claim.candidates))
        if claim.value == NOT_APPLICABLE:
            return _("does not apply")
        return worded(claim.value) + (f" {unit}" if unit else "")

    def ground(self, question: str, claim: Claim | None) -> str:
        """On what a value rests, how old that is, and where it can be looked at."""
        if claim is None or claim.observed is None or claim.basis is None:
            return ""
        basis = self.criteria.bases[claim.basis]
        fresh = freshness(self.criteria, self.dossier, self.subject, question, claim)
        age = {"ageing": _(", to be looked at again"), "stale": _(", too old to speak for it")}
        return _("{basis}, {day}{age} [{evidence}]").format(
            basis=text_in(basis.says, "en"), day=claim.observed, age=age.get(fresh, ""),
            evidence=", ".join(claim.ev))


def worded(value: Any) -> str:
    """A plain value as people read it."""
    if isinstance(value, dict):
        return ", ".join(f"{one_line(str(key))} {worded(word)}" for key, word in value.items())
    if isinstance(value, list):
        return ", ".join(map(worded, value)) or _("none found")
    return one_line(str(value)).replace("_", " ")


def dossier_told(vetting: Vetting, entry: CatalogEntry) -> Told:
    """A dossier as lines for people: what is known, question by question, then what is not."""
    loaded = vetting.dossier(entry)
    if loaded is None:
        return Told(("", _("  nobody has written a dossier for it yet")), {})
    return told_in_full(vetting, loaded, entry.platform.version)


def told_in_full(vetting: Vetting, loaded: LoadedDossier, version: str) -> Told:
    """The same for a dossier that was read already."""
    teller = Teller(vetting, loaded.dossier, version)
    lines = ["", *_head(teller), ""]
    unknown: list[str] = []
    for id_, question in vetting.criteria.questions.items():
        known = _question(teller, id_, question)
        if known:
            lines += [*wrapped(f"{question.number} {text_in(question.asks, 'en')}", 2), *known, ""]
        else:
            unknown.append(id_)
    return Told((*lines, *_flag_lines(teller), *_unknown_lines(vetting, unknown),
                 *_evidence_lines(loaded)), loaded.dossier.model_dump(mode="json"))


def _head(teller: Teller) -> list[str]:
    one = teller.dossier
    late = _(" (this day is past: what speaks for it counts no longer)") if (
        one.expires_on < teller.today) else ""
    lines = [_("Dossier: {status}, of version {version}, edition {edition}").format(
        status=one.status, version=one_line(one.version.assessed), edition=one.edition),
        _("  written {day}, holds until {end}{late}").format(
            day=one.updated_on, end=one.expires_on, late=late)]
    return [*lines, *wrapped(_("interests: {words}").format(
        words=one_line(one.declared_interests)), 2)]


def _question(teller: Teller, id_: str, question: Question) -> list[str]:
    """Lines of a question's known values; of unknown ones, where there is a note about them."""
    lines: list[str] = []
    for name, claim in teller.dossier.claims.get(id_, {}).items():
        facet = question.facets[name]
        note = one_line(words_in(claim.note, ("en",)))
        if claim.value == UNKNOWN and not note:
            continue
        ground = teller.ground(id_, claim)
        lines += wrapped(f"{text_in(facet.says, 'en')}: {teller.value(claim, facet.number)}"
                          + (f"  ({ground})" if ground else ""), 6)
        lines += wrapped(note, 10) if note else []
    return lines


def wrapped(text: str, indent: int) -> list[str]:
    """A text on lines that fit a terminal."""
    return textwrap.wrap(text, WIDTH, initial_indent=" " * indent, break_long_words=False,
                         break_on_hyphens=False, subsequent_indent=" " * (indent + 2)) or []


def _flag_lines(teller: Teller) -> list[str]:
    flags = teller.dossier.anti_features
    if isinstance(flags, str):
        return [_("  What stands against people: nobody has looked"), ""]
    if not flags:
        return [_("  What stands against people: nothing was found"), ""]
    lines = [_("  What stands against people:")]
    for flag in flags:
        lines += wrapped(f"! {flag.id} ({flag.edition}): {one_line(words_in(flag.why, ('en',)))} "
                          f"[{', '.join(flag.ev)}]", 6)
    return [*lines, ""]


def _unknown_lines(vetting: Vetting, unknown: list[str]) -> list[str]:
    """Silence is work to be done, and by whom it can be done; no mark against the platform."""
    if not unknown:
        return []
    lines = [ngettext("  {n} question nobody has answered yet, and who could:",
                      "  {n} questions nobody has answered yet, and who could:",
                      len(unknown)).format(n=len(unknown))]
    for id_ in unknown:
        who = vetting.criteria.questions[id_].who
        lines += wrapped(f"{id_}: " + "; ".join(
            text_in(vetting.criteria.assessors[w], "en") for w in who), 6)
    return [*lines, ""]


def _evidence_lines(loaded: LoadedDossier) -> list[str]:
    lines = [_("  Evidence:")]
    for id_, one in loaded.dossier.evidence.items():
        where = ", ".join(one_line(w) for w in (one.url, one.file, one.at) if w)
        lines += wrapped(f"[{id_}] {one.kind}: {where} ({one.read_on})", 6)
    return lines if len(lines) > 1 else [_("  Evidence: none yet")]


def compare(vetting: Vetting, ids: tuple[str, ...], only: str | None) -> Told:
    """Values side by side, one question at a time, in the order people named the platforms."""
    questions = vetting.criteria.questions
    if only is not None and only not in questions:
        raise NatmError(_("there is no question called {id}").format(id=only),
                        code="criteria.unknown", hint=suggestion(only, questions))
    tellers = {id_: _teller(vetting, id_) for id_ in ids}
    lines: list[str] = []
    values: dict[str, Any] = {}
    for id_, question in questions.items():
        if only in (None, id_):
            told, value = _side_by_side(tellers, id_, question)
            values[id_] = value
            lines += told
    return Told(tuple(lines), {"platforms": list(ids), "questions": values})


def _teller(vetting: Vetting, id_: str) -> Teller | None:
    entry = vetting.catalog.entry(id_)
    loaded = vetting.dossier(entry)
    return Teller(vetting, loaded.dossier, entry.platform.version) if loaded else None


def _side_by_side(
    tellers: dict[str, Teller | None], id_: str, question: Question
) -> tuple[list[str], dict[str, Any]]:
    wide = max(len(name) for name in tellers)
    lines = wrapped(f"{question.number} {text_in(question.asks, 'en')}", 0)
    values: dict[str, Any] = {}
    for name, facet in question.facets.items():
        claims = {p: t.dossier.claim(f"{id_}.{name}") if t else None for p, t in tellers.items()}
        values[name] = {p: _plain(claim) for p, claim in claims.items()}
        if all(claim is None or claim.value == UNKNOWN for claim in claims.values()):
            continue
        lines.append(f"  {text_in(facet.says, 'en')}")
        for platform, teller in tellers.items():
            claim = claims[platform]
            ground = teller.ground(id_, claim) if teller else ""
            text = teller.value(claim, facet.number) if teller else _("no dossier")
            lines += wrapped(f"{platform:<{wide}}  {text}" + (f"  ({ground})" if ground else ""),
                              4)
    if len(lines) == len(wrapped(f"{question.number} {text_in(question.asks, 'en')}", 0)):
        lines.append(_("  nobody has looked, at any of them"))
    return [*lines, ""], values


def _plain(claim: Claim | None) -> dict[str, Any]:
    if claim is None:
        return {"value": UNKNOWN}
    made = claim.model_dump(mode="json", exclude_defaults=True)
    return {"value": claim.value, **{k: v for k, v in made.items() if k != "value"}}


