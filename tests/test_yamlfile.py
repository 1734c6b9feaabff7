# SPDX-License-Identifier: AGPL-3.0-or-later
"""YAML as people write it: what it means, and what is refused on which line."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from hostile import texts
from hypothesis import given
from hypothesis import strategies as st

from natm_stack.errors import NatmError, Place
from natm_stack.yamlfile import MOST_BYTES, dump, parse, read

FILE = Path("some.yml")
SURROGATE = re.compile("[\ud800-\udfff]")


def value_of(text: str) -> Any:
    """What one plain scalar means."""
    return parse(f"key: {text}\n", FILE).value["key"]


@pytest.mark.parametrize(("text", "meant"), [
    ("no", "no"), ("on", "on"), ("yes", "yes"), ("Off", "Off"), ("y", "y"),
    ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
    ("12", 12), ("-3", -3), ("0", 0), ("2.10", 2.1), ("1e3", 1000.0), (".5", 0.5),
    ("0x1f", "0x1f"), ("0o17", "0o17"), ("1_000", "1_000"), ("12:30:45", "12:30:45"),
    ("2026-01-31", "2026-01-31"), ("1.2.3", "1.2.3"), (".nan", ".nan"), ("=", "="),
    ("'2.10'", "2.10"), ('"true"', "true"), ("! word", "word"),
])
def test_a_plain_word_means_what_people_mean(text: str, meant: Any) -> None:
    found = value_of(text)
    assert (found, type(found)) == (meant, type(meant))


@pytest.mark.parametrize(("text", "line"), [
    pytest.param("a: 1\n\tb: 2\n", 2, id="tab"),
    pytest.param("a: 1\nb:\n  c: 1\n  c: 2\n", 4, id="duplicate key"),
    pytest.param("a: 1\na: 1\n", 2, id="duplicate key with the same value"),
    pytest.param("a: [1, 2\nb: 3\n", 2, id="bracket left open"),
    pytest.param("a: 'x\n", 2, id="quote left open"),
    pytest.param("a: 1\n---\nb: 2\n", 2, id="two documents"),
    pytest.param("a: 1\nb: *nobody\n", 2, id="unknown anchor"),
    pytest.param("a: &loop\n  - *loop\n", 1, id="anchor in itself"),
    pytest.param("? [a, b]\n: 1\n", 1, id="a list as key"),
    pytest.param("a: 1\nb: !!python/object/apply:os.system [id]\n", 2, id="python tag"),
    pytest.param("a: !vault x\n", 1, id="vault tag where none is expected"),
    pytest.param("a: !!binary aGk=\n", 1, id="binary tag"),
    pytest.param("a: !!set {x, y}\n", 1, id="set tag"),
    pytest.param("a: 1\nb: \x07\n", 2, id="control character"),
    pytest.param("é: ü\nb: é\n\x00\n", 3, id="null byte after letters of two bytes"),
    pytest.param("a: 1\nb: " + "[" * 100_000, 2, id="nested too deeply for the parser"),
    pytest.param("a: 1\nb: " + "[" * 400 + "]" * 400, 2, id="nested too deeply for us"),
])
def test_what_is_wrong_is_one_error_with_its_line(refused: Any, text: str, line: int) -> None:
    assert refused("yaml.invalid", parse, text, FILE).where == Place("some.yml", line)


def test_a_tab_gets_a_hint(refused: Any) -> None:
    assert "spaces" in (refused("yaml.invalid", parse, "a:\n\tb: 1\n", FILE).hint or "")


@pytest.mark.parametrize("text", [
    pytest.param("\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"] + [
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]), id="laughs"),
    pytest.param("\n".join(["a0: &a0 [x]"] + [
        f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 2000)]), id="a long chain"),
])
def test_an_anchor_bomb_is_refused_before_it_goes_off(refused: Any, text: str) -> None:
    refused("yaml.invalid", parse, text, FILE)


def test_an_anchor_used_once_or_twice_is_fine() -> None:
    assert parse("a: &x [1]\nb: *x\n", FILE).value == {"a": [1], "b": [1]}


def test_the_place_of_a_value_is_its_line_or_the_nearest_one_above() -> None:
    document = parse("a:\n  b:\n    - c\n    - d: 1\n", FILE)
    assert document.place("a", "b", 1, "d").line == 4
    assert document.place("a", "b", 1, "missing").line == 4
    assert document.place("missing").line == 1


def test_a_tagged_value_stays_text_and_is_noted() -> None:
    document = parse('a: !vault "123"\nb: 123\n', FILE, tags=("!vault",))
    assert (document.value, document.tagged) == ({"a": "123", "b": 123}, {("a",): "!vault"})


def test_an_empty_file_holds_nothing() -> None:
    assert parse("# only a comment\n", FILE).value is None


@pytest.mark.parametrize(("data", "code", "line"), [
    (b"a: 1\nb: \xff\n", "yaml.invalid", 2),
    ("a: é".encode("utf-16"), "yaml.invalid", 1),
    (b"# \n" * MOST_BYTES, "yaml.invalid", 1),
])
def test_a_file_nobody_wrote_is_refused(
    refused: Any, tmp_path: Path, data: bytes, code: str, line: int
) -> None:
    file = tmp_path / "odd.yml"
    file.write_bytes(data)
    assert refused(code, read, file).where == Place(str(file), line)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "windows.yml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: x\r\n")
    assert read(file).value == {"a": 1, "b": "x"}


@pytest.mark.parametrize("name", ["missing.yml", "."])
def test_a_file_that_cannot_be_read_is_named(refused: Any, tmp_path: Path, name: str) -> None:
    assert refused("file.unreadable", read, tmp_path / name).where == str(tmp_path / name)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(NatmError):
        parse(text, FILE)


@given(st.recursive(texts.filter(lambda text: not SURROGATE.search(text)), lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
                                                 inner, max_size=3)), max_leaves=6))
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse(dump({"value": value}), FILE).value == {"value": value}


@pytest.mark.parametrize("text", ["no", "2.10", "1e3", "0750", "~", "", "2026-01-01", "null", ".5"])
def test_text_that_looks_like_something_else_stays_text(text: str) -> None:
    assert parse(dump({"value": text}), FILE).value == {"value": text}
