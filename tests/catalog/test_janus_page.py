# SPDX-License-Identifier: AGPL-3.0-or-later
"""The members' page for video: its own tests, its weight, its words, what it must not hold."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from natm_stack.paths import shipped

pytestmark = pytest.mark.slow

PAGE = shipped("catalog") / "platforms/janus/images/rooms/page"
TESTS = Path(__file__).with_name("janus")
WHOLE = 300_000
LIBRARIES = 121_500
"""janus.js and the adapter, minified, that the image's recipe puts beside the page."""
GROUPS = "page|start|rooms|lobby|mode|device|key|keys|room|chat|people|lead|over|trouble"
SERVED = {".html", ".css", ".js", ".json", ".svg"}


def served() -> list[Path]:
    """Everything of ours that a browser may load."""
    files = (file for file in PAGE.rglob("*") if "lib" not in file.relative_to(PAGE).parts)
    return sorted(file for file in files if file.suffix in SERVED)


def weight(file: Path) -> int:
    """At most so many bytes of it are served: the image takes away comments and spaces, and more
    than is counted here."""
    if file.suffix not in (".js", ".css"):
        return file.stat().st_size
    lines = (line.strip() for line in file.read_text().splitlines())
    return sum(len(line.encode()) + 1 for line in lines if line and not line.startswith("//"))


def text(*suffixes: str) -> str:
    """All files of that kind, one after the other."""
    return "\n".join(file.read_text() for file in served() if file.suffix in suffixes)


def leaves(value: Any) -> list[str]:
    """The sentences of a catalog, plural forms one by one."""
    return [value] if isinstance(value, str) else [form for one in value.values()
                                                   for form in leaves(one)]


with_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="node is not installed; ./test.sh installs it")


@with_node
def test_the_pages_logic_keeps_what_its_own_tests_say() -> None:
    files = sorted(map(str, TESTS.glob("*.test.mjs")))
    done = subprocess.run(("node", "--test", *files), capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@with_node
def test_every_module_can_be_read_by_a_browser(tmp_path: Path) -> None:
    for file in PAGE.glob("*.js"):
        copy = tmp_path / f"{file.stem}.mjs"
        copy.write_text(file.read_text())
        done = subprocess.run(("node", "--check", str(copy)), capture_output=True, text=True,
                              timeout=30, check=False)
        assert done.returncode == 0, f"{file.name}: {done.stderr}"


def test_the_whole_page_weighs_less_than_300_kb() -> None:
    sizes = {file.name: weight(file) for file in served()}
    assert sum(sizes.values()) + LIBRARIES < WHOLE, sizes


def test_every_import_is_there() -> None:
    for file in PAGE.glob("*.js"):
        for name in re.findall(r"""(?:from|import)\s*\(?["']\./([^"']+)["']""", file.read_text()):
            assert name.startswith("lib/") or (PAGE / name).is_file(), f"{file.name}: {name}"
    for name in re.findall(r'"/page/%VERSION%/([^"]+)"', (PAGE / "index.html").read_text()):
        assert name.startswith("lib/") or (PAGE / name).is_file(), name


def test_every_sentence_is_used_and_every_used_one_is_there() -> None:
    known = set(json.loads((PAGE / "words/en.json").read_text()))
    used = set(re.findall(rf'"((?:{GROUPS})\.[a-z_]+)"', text(".js", ".html")))
    assert used == known


def test_a_translation_has_the_same_places_and_no_other_sentences() -> None:
    english = json.loads((PAGE / "words/en.json").read_text())
    for file in (PAGE / "words").glob("*.json"):
        for name, value in json.loads(file.read_text()).items():
            places = set(re.findall(r"\{\w+\}", " ".join(leaves(english[name]))))
            for one in leaves(value):
                assert set(re.findall(r"\{\w+\}", one)) <= places, f"{file.name}: {name}"


def test_the_page_names_no_other_host() -> None:
    namespace = "http://www.w3.org/2000/svg"
    found = re.findall(r"(?:https?:|wss?:|stun:|turns?:|[\"'(=]\s*)//[a-z0-9]\S*",
                       text(*SERVED).replace(namespace, ""), re.I)
    assert found == []


@pytest.mark.parametrize("forbidden", [
    r"<script(?![^>]*\ssrc=)", r"<style", r"\sstyle\s*=", r"<[^>]+\son[a-z]+\s*=", r"javascript:",
    r"<base", r"<iframe", r"http-equiv",
])
def test_nothing_stands_in_the_document_that_the_policy_forbids(forbidden: str) -> None:
    assert not re.search(forbidden, text(".html", ".svg"), re.I)


@pytest.mark.parametrize("forbidden", [
    r"\b(inner|outer)HTML\b", r"insertAdjacentHTML", r"document\.write", r"\beval\(",
    r"new Function", r"""setAttribute\(\s*["'](style|on)""", r"\bstyle:", r"\.cssText",
    r"set(Timeout|Interval)\(\s*[\"'`]", r"createContextualFragment", r"DOMParser",
])
def test_what_people_write_can_only_become_text(forbidden: str) -> None:
    assert not re.search(forbidden, text(".js"))


def test_every_key_that_proofs_press_is_told() -> None:
    told = set(re.findall(r"`([a-z-]+)`", (PAGE / "README.md").read_text()))
    used = set(re.findall(r'data-action="([a-z-]+)"', text(".html")))
    assert used <= told, used - told


def test_a_right_to_left_page_needs_no_other_style() -> None:
    physical = re.findall(r"(?:margin|padding|border)-(?:left|right)\b|float\s*:|"
                          r"(?<![-\w])(?:left|right)\s*:|text-align\s*:\s*(?:left|right)",
                          text(".css"))
    assert physical == []
