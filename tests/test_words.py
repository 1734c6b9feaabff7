# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every word that a person reads goes through gettext, in a form that can be translated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import natm_stack

PACKAGE = Path(natm_stack.__file__).parent
ALONE = {"checks", "server_side", "testing", "callback_plugins"}
PROBE = PACKAGE / "server_side" / "probe.py"
FILES = sorted(p for p in PACKAGE.rglob("*.py") if not ALONE & set(p.parts))
ERRORS = {"NatmError", "UsageError", "Interrupted", "Refused"}
WORD = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")
"""Two words in a row: what is shorter is a name, a format or a mark."""


@cache
def nodes(file: Path) -> list[ast.AST]:
    """All of a file, parsed once."""
    return list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


def calls(file: Path, names: set[str]) -> Iterator[ast.Call]:
    """Every call of a function with one of these names."""
    for node in nodes(file):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else (
                function.id if isinstance(function, ast.Name) else "")
            if name in names:
                yield node


def untranslated(node: ast.AST) -> Iterator[str]:
    """Words in an expression that no call of `_` or `ngettext` is around."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and (
            node.func.id in ("_", "ngettext")):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and WORD.search(node.value):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from untranslated(child)


def every(*names: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of these functions in all of the package, with its place."""
    for file in FILES:
        for call in calls(file, set(names)):
            yield f"{file}:{call.lineno}", call


def test_errors_and_hints_can_be_translated() -> None:
    for place, call in every(*ERRORS):
        shown = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "hint")]
        assert [words for part in shown for words in untranslated(part)] == [], place


def test_what_is_wrong_in_a_file_can_be_told_in_any_language() -> None:
    for place, call in every("ValueError"):
        if "/model/" in place:
            assert [words for part in call.args for words in untranslated(part)] == [], place


def test_what_a_probe_finds_can_be_told_in_any_language() -> None:
    for node in nodes(PROBE):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            assert list(untranslated(node.value)) == [], node.lineno


def test_every_error_has_a_code_for_programs() -> None:
    for place, call in every(*ERRORS - {"Refused"}):
        if isinstance(call.func, ast.Attribute):
            continue  # Click's own.
        (code,) = [k.value for k in call.keywords if k.arg == "code"] or [None]
        assert code is not None, place
        if isinstance(code, ast.Constant):
            assert re.fullmatch(r"[a-z]+(\.[a-z-]+)?", str(code.value)), place


def test_what_is_asked_noted_and_told_can_be_translated() -> None:
    for place, call in every("confirm", "prompt", "note", "Told", "Probe", "option", "step"):
        assert list(untranslated(call)) == [], place


def test_translators_get_whole_sentences() -> None:
    """What `_` is given stands there as it is: no f-string, nothing put together."""
    for place, call in every("_", "ngettext"):
        plural = isinstance(call.func, ast.Name) and call.func.id == "ngettext"
        for word in call.args[:2 if plural else 1]:
            assert isinstance(word, ast.Constant), place
            fields = re.findall(r"\{(\w*)", str(word.value))
            assert "" not in fields, f"{place}: a field without a name cannot change places"
