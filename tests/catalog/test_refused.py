# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the catalog refuses: reasons that can be looked at, and nothing that could be run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from natm_stack.load import load_catalog, load_platform
from natm_stack.load_vetting import load_criteria, load_dossier, load_refused
from natm_stack.paths import shipped
from natm_stack.testing.fakes import sample_deployment, sample_platform

FOLDERS = sorted(file.parent for file in (shipped("catalog") / "refused").glob("*/dossier.yml"))
CRITERIA = load_criteria(shipped("catalog") / "criteria.yml")


@pytest.mark.parametrize("refusal", FOLDERS, ids=lambda f: f.name)
def test_a_refusal_gives_reasons_evidence_and_what_would_change_it(refusal: Path) -> None:
    loaded, why = load_refused(refusal, CRITERIA)
    assert loaded.dossier.evidence
    assert all(e.url or e.file for e in loaded.dossier.evidence.values())
    for words in [*(reason.says for reason in why.reasons), *why.would_change]:
        assert words["en"].endswith("."), words
    assert set(why.rather) <= set(load_catalog(shipped("catalog")).entries)


@pytest.mark.parametrize("refusal", FOLDERS, ids=lambda f: f.name)
def test_nothing_of_it_could_be_run(refusal: Path) -> None:
    assert {p.name for p in refusal.iterdir()} <= {"dossier.yml", "measurements"}


def test_those_that_people_ask_for_first_are_there() -> None:
    assert {"mattermost", "rocketchat", "seafile", "onlyoffice", "outline"} <= {
        folder.name for folder in FOLDERS}


def test_no_kit_names_one() -> None:
    catalog = load_catalog(shipped("catalog"))
    named = {id_ for kit in catalog.kits.values() for id_ in kit.platforms}
    assert named & set(catalog.refused) == set()


def test_a_stack_with_one_is_refused_with_the_way_to_the_reasons(refused: Any) -> None:
    error = refused("catalog.refused", sample_deployment, load_catalog(shipped("catalog")),
                    platforms={"mattermost": None})
    assert "natm catalog show mattermost" in error.hint
    assert error.where.line


def test_who_brings_their_own_has_decided_for_themselves(tmp_path: Path) -> None:
    sample_platform(tmp_path, "mattermost")
    catalog = load_catalog(shipped("catalog"), [(tmp_path, True)])
    assert "mattermost" in catalog.entries
    assert "mattermost" not in catalog.refused


def test_nothing_is_offered_and_refused_at_once(refused: Any, tmp_path: Path) -> None:
    shutil.copytree(FOLDERS[0], tmp_path / "refused" / "prosody")
    (tmp_path / "platforms").mkdir()
    refused("catalog.refused-twice", load_catalog, shipped("catalog"), [(tmp_path, True)])


def test_a_refusal_does_not_hide_among_the_platforms(refused: Any, tmp_path: Path) -> None:
    folder = sample_platform(tmp_path, "mattermost")
    shutil.copy(shipped("catalog") / "refused/mattermost/dossier.yml", folder / "dossier.yml")
    refused("dossier.refused-here", load_dossier, load_platform(folder), CRITERIA)


def test_a_refusal_without_a_reason_is_none(refused: Any, tmp_path: Path) -> None:
    folder = tmp_path / "refused" / "copyparty"
    shutil.copytree(shipped("catalog") / "platforms/copyparty", folder)
    refused("dossier.no-reason", load_refused, folder, CRITERIA)


@pytest.mark.parametrize("id_", ["matterrnost", "seaflle", "out-line"])
def test_a_platform_is_not_named_like_a_refused_one(
    refused: Any, tmp_path: Path, id_: str
) -> None:
    sample_platform(tmp_path, id_)
    refused("catalog.lookalike", load_catalog, shipped("catalog"), [(tmp_path, False)])
