# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writing stack.yml: a new one, and changes that keep what people wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hostile import texts
from hypothesis import given

from natm_stack.load import load_stack, stack_from
from natm_stack.stackfile import add_platform, drop_platform, edit, new_text, trust_catalog

TEXT = """\
# Decided at the assembly of May.
name: riverside   # short
title: 'Riverside: a "commons"'
domain: commons.example.org
platforms:
  # Everyone asked for this one.
  portal:

  prosody:   # chat
    settings: {archive_days: 30}   # a month is enough
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A stack.yml that people wrote."""
    file = tmp_path / "stack.yml"
    file.write_text(TEXT, encoding="utf-8")
    return file


def test_adding_a_platform_adds_one_line(file: Path) -> None:
    edit(file, add_platform(("mediawiki",)))
    assert file.read_text(encoding="utf-8") == TEXT + "  mediawiki:\n"


def test_adding_what_is_there_changes_nothing(file: Path) -> None:
    edit(file, add_platform(("prosody", "portal")))
    assert file.read_text(encoding="utf-8") == TEXT


def test_taking_a_platform_out_keeps_every_other_word(file: Path) -> None:
    edit(file, drop_platform(("portal",)))
    after = file.read_text(encoding="utf-8")
    assert list(load_stack(file).stack.platforms) == ["prosody"]
    for word in ("# Decided at", "# short", "# chat", "# a month", 'a "commons"'):
        assert word in after, word


def test_the_quotes_stay(file: Path) -> None:
    edit(file, add_platform(("copyparty",)))
    assert 'title: \'Riverside: a "commons"\'\n' in file.read_text(encoding="utf-8")


def test_a_catalog_is_trusted_and_trusted_anew(file: Path) -> None:
    for letter in "ab":
        edit(file, trust_catalog("../own", f"sha256:{letter * 64}"))
    (source,) = load_stack(file).stack.catalogs
    assert (source.path, source.trusted) == ("../own", "sha256:" + "b" * 64)


@pytest.mark.parametrize(("change", "code"), [
    (drop_platform(("portal", "prosody")), "yaml.invalid"),
    (add_platform(("Not An Id",)), "stack.invalid"),
    (lambda value: value.update(domain="x"), "stack.invalid"),
    (lambda value: value.update(nonsense=1), "stack.invalid"),
])
def test_a_change_that_makes_it_invalid_is_not_written(
    refused: Any, file: Path, change: Any, code: str
) -> None:
    assert refused(code, edit, file, change).where.file == str(file)
    assert file.read_text(encoding="utf-8") == TEXT
    assert [p.name for p in file.parent.iterdir()] == ["stack.yml"]


def test_a_file_that_is_invalid_already_is_not_touched(refused: Any, file: Path) -> None:
    file.write_text(TEXT.replace("name:", "nmae:"), encoding="utf-8")
    refused("stack.invalid", edit, file, add_platform(("mediawiki",)))


def test_a_comment_in_another_script_survives(file: Path) -> None:
    file.write_text(TEXT.replace("chat", "الدردشة 😀"), encoding="utf-8")
    edit(file, add_platform(("mediawiki",)))
    assert "# الدردشة 😀\n" in file.read_text(encoding="utf-8")


NEW: dict[str, Any] = {
    "name": "riverside", "title": "Riverside", "domain": "commons.example.org",
    "languages": ["en", "pt-BR"], "server": {"host": "local", "port": 22},
    "tls": {"mode": "acme", "email": "stewards@example.org"}, "package_epoch": "2026-01-31",
    "platforms": ["portal", "prosody"],
}


def test_a_new_file_says_what_was_asked() -> None:
    stack = stack_from(new_text(NEW), Path("stack.yml")).stack
    assert (stack.name, stack.languages, list(stack.platforms)) == (
        "riverside", ["en", "pt-BR"], ["portal", "prosody"])
    assert (stack.server.port, stack.tls.email) == (22, "stewards@example.org")


@given(texts.filter(lambda text: text.isprintable() and len(text) <= 80))
def test_any_title_that_people_can_see_is_written_and_read(title: str) -> None:
    text = new_text({**NEW, "title": title})
    assert stack_from(text, Path("stack.yml")).stack.title == title


def test_half_a_character_from_a_terminal_is_refused(refused: Any) -> None:
    refused("stack.invalid", new_text, {**NEW, "title": "\udcff"})
