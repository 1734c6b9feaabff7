# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the catalog does not offer: kept to be found, with reasons and what would change them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..i18n import _
from ..load import Catalog
from ..load_vetting import LoadedDossier, load_criteria, load_refused
from ..model.base import words_in
from ..model.dossier import Refused
from ..model.results import Told
from ..paths import shipped
from ..plaintext import one_line
from .dossiers import told_in_full, wrapped
from .vet import Vetting


def show_refused(vetting: Vetting, folder: Path) -> Told:
    """Why a platform is not offered, what would change that, what there is instead; then all
    that is known of it."""
    loaded, why = load_refused(folder, vetting.criteria)
    known = told_in_full(vetting, loaded, loaded.dossier.version.assessed)
    return Told((*_lines(loaded, why, vetting.catalog), *known.lines),
                {"id": folder.name, "refused": why.model_dump(mode="json"),
                 "dossier": known.values})


def _lines(loaded: LoadedDossier, why: Refused, catalog: Catalog) -> list[str]:
    one = loaded.dossier
    lines = [one_line(f"{words_in(one.name, ('en',))} ({one.platform}) {one.version.assessed}"),
             _("  refused since {day}: the catalog does not offer it").format(day=why.since), "",
             _("  Why:")]
    for reason in why.reasons:
        lines += wrapped(f"- {_plain(reason.says)} [{', '.join(reason.ev)}]", 4)
    lines += ["", _("  What would change it:")]
    for words in why.would_change:
        lines += wrapped(f"- {_plain(words)}", 4)
    there = [id_ for id_ in why.rather if id_ in catalog.entries]
    if there:
        lines += ["", _("  Rather: {ids}").format(ids=", ".join(there))]
    return [*lines, "", *wrapped(_(
        "A community that decides otherwise can bring it in a catalog of its own."), 2)]


def _plain(words: dict[str, str]) -> str:
    return one_line(words_in(words, ("en",)))


def refused_values(folders: dict[str, Path]) -> list[dict[str, Any]]:
    """Those that are refused, as plain values for the list."""
    criteria = load_criteria(shipped("catalog") / "criteria.yml")
    found = []
    for id_, folder in folders.items():
        loaded, why = load_refused(folder, criteria)
        one = loaded.dossier
        found.append({"id": id_, "category": one.kind[0], "name": words_in(one.name, ("en",)),
                      "since": why.since.isoformat(), "why": [r.says for r in why.reasons]})
    return found
