# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dossiers, policies, decisions and criteria: what is refused, with code and line."""

from __future__ import annotations

import ast
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import natm_stack
from natm_stack.errors import NatmError
from natm_stack.load import load_catalog
from natm_stack.load_vetting import (
    load_criteria,
    load_decisions,
    load_dossier,
    load_policy,
    read_dossier,
)
from natm_stack.model.criteria import Criteria
from natm_stack.model.dossier import PERSONAL, RANKING, digest_of_evidence, moved_without_evidence
from natm_stack.paths import shipped

HERE = Path(__file__).parent / "vetting"


@cache
def criteria() -> Criteria:
    """The questions that ship."""
    return load_criteria(shipped("catalog") / "criteria.yml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of an example that a test may break."""
    return Path(shutil.copytree(HERE / "galene", tmp_path / "galene"))


def broken(folder: Path, old: str, new: str) -> Path:
    """The dossier with one thing changed."""
    file = folder / "dossier.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file


def line_of(file: Path, part: str) -> int:
    """The line on which something stands."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if part in line)


def test_there_are_eighteen_questions_and_nothing_sums_them() -> None:
    assert len(criteria().questions) == 18
    assert len(criteria().facets) == 64
    numbers = [question.number for question in criteria().questions.values()]
    assert numbers == [f"V{n:02}" for n in range(1, 19)]


def test_the_code_knows_no_question_by_name() -> None:
    """Another list of questions would need no change of code."""
    package = Path(natm_stack.__file__).parent
    facets = criteria().facets
    names = {*facets, *criteria().anti_features, *criteria().questions, *(
        facet for facet in (path.split(".")[1] for path in facets) if "_" in facet)}
    names -= {"steward"}  # The house's word for a person, too.
    for name in ("load_vetting", "vet", "model/criteria", "model/dossier", "model/policy",
                 "flows/vet", "flows/gate", "flows/dossiers", "flows/decide", "cli/show_vet"):
        tree = ast.parse((package / f"{name}.py").read_text(encoding="utf-8"))
        words = {node.value for node in ast.walk(tree)
                 if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        assert not words & names, name


def test_every_dossier_that_ships_is_sound() -> None:
    entries = load_catalog(shipped("catalog")).entries.values()
    assert all(load_dossier(entry, criteria()) for entry in entries)


@pytest.mark.parametrize("word", sorted(RANKING))
def test_no_file_ranks(refused: Any, folder: Path, word: str) -> None:
    file = broken(folder, "status: draft\n", f"status: draft\n{word}: 7\n")
    error = refused("dossier.ranks", read_dossier, file, criteria(), platform="galene")
    assert error.where.line == line_of(file, f"{word}: 7")


@pytest.mark.parametrize("where", [
    ("licence_class: {value", "licence_class: {stars: 5, value"),
    ("  e1: {kind", "  e1: {Score: 1, kind"),
    ("evidence:\n", "percent-passed: 90\nevidence:\n"),
])
def test_no_rank_hides_deeper(refused: Any, folder: Path, where: tuple[str, str]) -> None:
    refused("dossier.ranks", read_dossier, broken(folder, *where), criteria(), platform="galene")


@pytest.mark.parametrize("word", sorted(PERSONAL))
def test_where_a_person_is_from_is_not_recorded(refused: Any, folder: Path, word: str) -> None:
    file = broken(folder, "    form: {value", f"    {word}: {{value: FR}}\n    form: {{value")
    error = refused("dossier.personal", read_dossier, file, criteria(), platform="galene")
    assert error.where.line == line_of(file, word)


def test_a_missing_day_of_expiry_is_refused(refused: Any, folder: Path) -> None:
    file = broken(folder, "expires_on: 2027-05-23\n", "")
    refused("dossier.no-expiry", read_dossier, file, criteria(), platform="galene")


def test_a_date_does_not_move_alone(refused: Any, folder: Path) -> None:
    file = broken(folder, "expires_on: 2027-05-23\n", "expires_on: 2027-11-23\n")
    error = refused("dossier.date-moved", read_dossier, file, criteria(), platform="galene")
    assert error.where.line == line_of(file, "expires_on: 2027-11-23")


def test_nor_does_it_move_with_a_line_of_history(refused: Any, folder: Path) -> None:
    file = broken(folder, "expires_on: 2027-05-23\n", "expires_on: 2027-11-23\n")
    last = file.read_text(encoding="utf-8").splitlines()[-1]
    with file.open("a", encoding="utf-8") as stream:
        stream.write(last.replace("2027-05-23", "2027-11-23") + "\n")
    refused("dossier.invalid", read_dossier, file, criteria(), platform="galene")


def test_reading_the_same_again_is_no_new_evidence(refused: Any, folder: Path) -> None:
    before = read_dossier(folder / "dossier.yml", criteria(), platform="galene").dossier
    evidence = {id_: e.model_copy(update={"read_on": e.read_on.replace(year=2027)})
                for id_, e in before.evidence.items()}
    assert digest_of_evidence(evidence) == before.evidence_digest
    later = before.model_copy(update={
        "expires_on": before.expires_on.replace(year=2028), "evidence": evidence})
    assert moved_without_evidence(before, later)


def test_new_evidence_moves_it_and_the_hint_gives_the_line(refused: Any, folder: Path) -> None:
    file = broken(folder, "expires_on: 2027-05-23\n", "expires_on: 2027-11-20\n")
    broken(folder, "evidence:\n", 'evidence:\n  n1: {kind: docs, at: "new", '
           "read_on: 2026-11-23}\n")
    error = refused("dossier.unsealed", read_dossier, file, criteria(), platform="galene")
    with file.open("a", encoding="utf-8") as stream:
        stream.write("  " + (error.hint or "").partition(": ")[2] + "\n")
    found = read_dossier(file, criteria(), platform="galene").dossier
    assert [str(seal.expires_on) for seal in found.history] == ["2027-05-23", "2027-11-20"]


LICENCE = "{value: free_all, basis: source_read, observed: 2026-11-23, ev: [e1]}"


@pytest.mark.parametrize(("old", "new", "code"), [
    (LICENCE, "{value: free_all}", "dossier.invalid"),
    (LICENCE, "{value: free_all, basis: source_read, observed: 2026-11-23}", "dossier.invalid"),
    (LICENCE, LICENCE.replace("[e1]", "[e99]"), "dossier.invalid"),
    (LICENCE, LICENCE.replace("2026-11-23", "2026-11-24"), "dossier.invalid"),
    (LICENCE, LICENCE.replace("2026-11-23", "2026-02-30"), "dossier.invalid"),
    (LICENCE, LICENCE.replace("free_all", "unknown"), "dossier.invalid"),
    (LICENCE, "{value: not_applicable}", "dossier.invalid"),
    (LICENCE, "{value: contested}", "dossier.invalid"),
    (LICENCE, LICENCE.replace("free_all", "freeish"), "dossier.bad-value"),
    (LICENCE, LICENCE.replace("free_all", "[free_all]"), "dossier.bad-value"),
    (LICENCE, LICENCE.replace("source_read", "measured"), "dossier.bad-value"),
    (LICENCE, LICENCE.replace("source_read", "hope"), "dossier.bad-value"),
    ("licence_class", "licence_klass", "dossier.unknown-facet"),
    ("  freedom:", "  liberty:", "dossier.unknown-facet"),
    ("[forge_us, optional_component_us]", "[forge_USA]", "dossier.bad-value"),
    ("absence_factor: {value: 1", "absence_factor: {value: -1", "dossier.bad-value"),
    ("absence_factor: {value: 1", "absence_factor: {value: true", "dossier.bad-value"),
    ("{en: complete,", "{en: perfect,", "dossier.bad-value"),
    ("remove: present", "remove: mostly", "dossier.bad-value"),
    ("id: english-only", "id: ugly", "dossier.unknown-flag"),
    ("off_in_natm_profile: false", "off_in_natm_profile: true", "dossier.unmeasured"),
    ("platform: galene", "platform: janus", "dossier.wrong-folder"),
    ("expires_on: 2027-05-23\n", "expires_on: 2029-05-23\n", "dossier.invalid"),
    ("2026-11-23-git.yml", "../../../etc/passwd", "dossier.invalid"),
    ('"measurements/2026-11-23-git.yml"', "/etc/passwd", "dossier.invalid"),
    ("2026-11-23-git.yml", "never-made.yml", "dossier.unsealed"),
    ("https://galene.org", "javascript:alert(1)", "dossier.invalid"),
    ("status: draft", "status: approved", "dossier.invalid"),
])
def test_an_unsound_dossier_is_refused(
    refused: Any, folder: Path, old: str, new: str, code: str
) -> None:
    file = broken(folder, old, new)
    assert refused(code, read_dossier, file, criteria(), platform="galene").where.line


def test_evidence_in_a_file_must_be_there(refused: Any, folder: Path) -> None:
    (folder / "measurements" / "2026-11-23-git.yml").unlink()
    refused("dossier.no-evidence", read_dossier, folder / "dossier.yml", criteria(),
            platform="galene")


def test_evidence_does_not_lead_out_by_a_link(refused: Any, folder: Path) -> None:
    file = folder / "measurements" / "2026-11-23-git.yml"
    file.unlink()
    file.symlink_to("/etc/hostname")
    refused("dossier.no-evidence", read_dossier, folder / "dossier.yml", criteria(),
            platform="galene")


# --- policies

RULE = ('{id: one, facet: freedom.licence_class, ok: [free_all], else: refuse, '
        'why: {en: "Free"}}')
POLICY = f"policy: natm-policy/1\nbasis: {{default: [measured]}}\nrules:\n  - {RULE}\n"


@pytest.mark.parametrize(("old", "new", "code"), [
    ("freedom.licence_class", "freedom.licence", "policy.unknown-word"),
    ("freedom.licence_class", "freedom.licence_class.es", "policy.unknown-word"),
    ("[measured]", "[gut_feeling]", "policy.unknown-word"),
    ("ok: [free_all]", "ok: [free_all], not_ok: [nonfree]", "policy.invalid"),
    ("ok: [free_all], ", "", "policy.invalid"),
    ("else: refuse", "else: delete", "policy.invalid"),
    (", why: {en: \"Free\"}", "", "policy.invalid"),
    ("rules:\n", f"rules:\n  - {RULE}\n", "policy.invalid"),
    ("rules:\n", "may_override: {never: [two]}\nrules:\n", "policy.invalid"),
    ("rules:\n", "weights: {one: 3}\nrules:\n", "policy.invalid"),
    ("rules:\n", "rating: strict\nrules:\n", "policy.ranks"),
    ("rules:\n", "staleness: {hard_limit_months: 24}\nrules:\n", "policy.invalid"),
])
def test_an_unsound_policy_is_refused(
    refused: Any, tmp_path: Path, old: str, new: str, code: str
) -> None:
    file = tmp_path / "policy.yml"
    file.write_text(POLICY, encoding="utf-8")
    assert load_policy(file, criteria()).policy.rules[0].id == "one"
    assert old in POLICY
    file.write_text(POLICY.replace(old, new, 1), encoding="utf-8")
    refused(code, load_policy, file, criteria())


READY = sorted((shipped("catalog") / "policies").glob("*.yml"))


@pytest.mark.parametrize("file", READY, ids=lambda f: f.stem)
def test_a_ready_made_policy_can_be_read_aloud(file: Path) -> None:
    policy = load_policy(file, criteria()).policy
    assert policy.name == file.stem
    for rule in policy.rules:
        for language in ("en", "es"):
            sentence = rule.why[language]
            assert re.fullmatch(r"[A-Z].{10,120}\.", sentence), sentence
            assert not re.search(r"[_{}\[\]]", sentence)


def test_every_kit_says_for_whom_and_why_and_names_a_policy_that_is_there() -> None:
    kits = load_catalog(shipped("catalog")).kits
    assert {"cooperative", "school", "newsroom", "neighbourhood", "radio", "library"} <= set(kits)
    for kit in kits.values():
        assert kit.audience["en"], kit.name
        assert kit.because["en"], kit.name
        assert kit.policy in {None, *(f.stem for f in READY)}


# --- decisions

DECISION: dict[str, Any] = {
    "decision": "natm-decision/1", "id": "2026-11-23-galene-trial", "platform": "galene",
    "edition": "upstream", "version": "1.1", "outcome": "trial", "verdict_seen": "refused",
    "acknowledges": ["spanish", "quechua"], "overrides": [],
    "reasons": {"es": "Probar primero en cuarto cerrado"},
    "who_was_asked": {"es": "El comité de lenguas"},
    "alternatives_considered": [{"es": "El teléfono"}, {"es": "Ningún video"}],
    "dissent": [{"es": "Depende de una sola persona"}],
    "decided_by": [{"name": "R. Ejemplo", "role": "coordinación"}, {"name": "K."}],
    "decided_on": "2026-11-23", "expires_on": "2027-02-23",
}
OVERRIDE = {"outcome": "override", "overrides": ["can-leave"], "reduces_harm": {"es": "Copias"},
            "responsible": [{"name": "R. Ejemplo"}]}


def decided(tmp_path: Path, **changes: Any) -> list[Any]:
    """Read this decision."""
    value = {**DECISION, **changes}
    (tmp_path / f"{DECISION['id']}.yml").write_text(
        yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    return load_decisions(tmp_path)


def test_a_decision_is_read(tmp_path: Path) -> None:
    (found,) = decided(tmp_path)
    assert found.decision.dissent == [{"es": "Depende de una sola persona"}]
    assert decided(tmp_path, **OVERRIDE)[0].decision.overrides == ["can-leave"]


@pytest.mark.parametrize("changes", [
    {"reasons": {}}, {"alternatives_considered": []}, {"decided_by": []}, {"outcome": "ignore"},
    {"decided_by": [{"name": "A"}, {"name": "A"}]}, {"expires_on": "2026-11-23"},
    {"expires_on": "2029-11-23"}, {"overrides": ["can-leave"]}, {**OVERRIDE, "overrides": []},
    {**OVERRIDE, "responsible": []}, {**OVERRIDE, "reduces_harm": {}},
    {**OVERRIDE, "expires_on": "2027-05-24"}, {"id": "../x"}, {"mood": "good"},
])
def test_an_unsound_decision_is_refused(
    refused: Any, tmp_path: Path, changes: dict[str, Any]
) -> None:
    refused("decision.invalid", decided, tmp_path, **changes)


def test_a_decision_lies_in_a_file_of_its_own_name(refused: Any, tmp_path: Path) -> None:
    refused("decision.wrong-file", decided, tmp_path, id="another")


def test_no_person_is_recorded_by_where_they_are_from(tmp_path: Path) -> None:
    with pytest.raises(NatmError) as caught:
        decided(tmp_path, decided_by=[{"name": "A", "nationality": "x"}])
    assert caught.value.code == "decision.personal"
