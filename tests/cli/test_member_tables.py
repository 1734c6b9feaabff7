# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tables of people as spreadsheets write them: each line is read rightly, or told by number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natm_stack.errors import NatmError
from natm_stack.flows.member_table import MOST_BYTES, MOST_ROWS, read_table

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A table, as bytes or as text in UTF-8."""

    def make(text: str | bytes) -> Path:
        file = tmp_path / "people.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return make


HEAD = "name,display_name,email,groups,steward\n"
FULL = "amina,Amina D'Été,a@example.org,choir garden,yes\n"


@pytest.mark.parametrize("text", [
    HEAD + FULL, "\ufeff" + HEAD + FULL, HEAD.replace("\n", "\r\n") + FULL.replace("\n", "\r\n"),
    (HEAD + FULL).replace(",", ";"), (HEAD + FULL).replace(",", "\t"), "\n\n" + HEAD + "\n" + FULL,
    HEAD + FULL.rstrip("\n"), HEAD + ",,,,\n" + FULL + ";\n".replace(";", ","),
    "Display Name,Name,E-mail,Groups,Steward\n".replace("E-mail", "email")
    + 'Amina D\'Été,amina,a@example.org,"choir, garden",x\n',
    (HEAD + FULL).encode("utf-16"),
])
def test_a_table_is_read_however_it_was_saved(write: Write, text: str | bytes) -> None:
    table = read_table(write(text))
    assert table.problems == []
    assert [row.data for row in table.rows] == [{
        "name": "amina", "display_name": "Amina D'Été", "email": "a@example.org",
        "groups": ["choir", "garden"], "steward": True}]


def test_a_name_alone_is_enough_and_any_script_is_shown(write: Write) -> None:
    lines = ["name;display_name", "bo", "amina;أمينة 吉 O’Neill", "zo;" + "é" * 80]
    table = read_table(write("\n".join(lines)))
    assert [(r.name, r.display_name, r.data["display_name"]) for r in table.rows] == [
        ("bo", "", "bo"), ("amina", "أمينة 吉 O’Neill", "أمينة 吉 O’Neill"),
        ("zo", "é" * 80, "é" * 80)]


def test_two_people_may_be_called_the_same(write: Write) -> None:
    table = read_table(write("name,display_name\nana,Ana\nana-2,Ana\n"))
    assert (len(table.rows), table.problems) == (2, [])


@pytest.mark.parametrize(("line", "says"), [
    ("Amina,,,,", "it could be amina"), ("amina d,,,,", "it could be amina-d"),
    (",Somebody,,,", "cannot be a member's name"), ("é,,,,", "cannot be"), ("admin,,,,", "is kept"),
    ("natm-proof-1,,,,", "is kept"), ("a" * 32 + ",,,,", "cannot be"),
    ("amina,a\u202eb,,,", "nobody can see"),
    ("amina," + "x" * 81 + ",,,", "too long"), ("amina,,nobody,,", "no e-mail address"),
    ("amina,,a@b@c.example,,", "no e-mail address"), ("amina,,,Choir!,", "group's name"),
    ("amina,,,,perhaps", "yes or no"), ("amina,,,,,more", "more cells"),
    ("=cmd|' /C calc'!A0,,,,", "cannot be"),
])
def test_a_doubtful_line_is_told_by_its_number(write: Write, line: str, says: str) -> None:
    file = write(HEAD + "bo,,,,\n" + line + "\ncleo,,,,\n")
    table = read_table(file)
    [problem] = table.problems
    assert problem.where == f"{file}:3"
    assert says in problem.message
    assert [row.name for row in table.rows] == ["bo", "cleo"]


def test_whoever_is_there_twice_is_told_with_both_lines(write: Write) -> None:
    file = write(HEAD + "bo,,B@example.org,,\ncleo,,b@example.org,,\nbo,,,,\n")
    assert [(p.where, p.message) for p in read_table(file).problems] == [
        (f"{file}:3", "b@example.org is in line 2 already"),
        (f"{file}:4", "bo is in line 2 already")]


def test_lines_are_counted_through_cells_with_line_breaks(write: Write) -> None:
    file = write('name,display_name\nbo,"B\no"\nAmina,\n')
    table = read_table(file)
    assert [row.display_name for row in table.rows] == ["B o"]
    assert [p.where for p in table.problems] == [f"{file}:4"]


@pytest.mark.parametrize(("data", "code", "line"), [
    (HEAD.encode() + b"bo,,,,\namina,Am\xe9lie,,,\n", "members.table-encoding", 3),
    (b"name\nbo\0\n", "members.table-invalid", 2), (b'name,display_name\nbo,"open\n',
                                                    "members.table-invalid", 2),
    (b"name,nickname\nbo,b\n", "members.table-columns", 1), (b"name,name\nb,b\n",
                                                           "members.table-columns", 1),
    (b"display_name\nBo\n", "members.table-columns", 1), (b"bo\n", "members.table-columns", 1),
    (b"\xff\xfen\0a", "members.table-encoding", 1),
])
def test_what_is_no_such_table_is_refused_with_the_line(
    write: Write, refused: Any, data: bytes, code: str, line: int
) -> None:
    file = write(data)
    assert refused(code, read_table, file).where == f"{file}:{line}"


def test_older_letters_are_read_when_they_are_named(write: Write) -> None:
    file = write("name;display_name\namina;Amélie Müller\n".encode("latin-1"))
    assert read_table(file, "windows-1252").rows[0].display_name == "Amélie Müller"


@pytest.mark.parametrize("data", [b"", b"\n", b"name\n", b"\xef\xbb\xbf"])
def test_an_empty_table_is_refused(write: Write, data: bytes) -> None:
    with pytest.raises(NatmError):
        read_table(write(data))


def test_two_thousand_are_read_and_far_too_many_refused(
    write: Write, refused: Any, tmp_path: Path
) -> None:
    lines = [f"m-{n},Person {n},m{n}@example.org,," for n in range(MOST_ROWS + 1)]
    assert len(read_table(write(HEAD + "\n".join(lines[:2000]))).rows) == 2000
    file = write(HEAD + "\n".join(lines))
    error = refused("members.table-too-long", read_table, file)
    assert error.where == f"{file}:{MOST_ROWS + 2}"
    refused("members.table-too-long", read_table, write(b"x" * (MOST_BYTES + 1)))
    refused("file.unreadable", read_table, tmp_path / "none.csv")
    refused("file.unreadable", read_table, tmp_path)


@given(st.binary(max_size=200))
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path_factory: Any, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(data)
    try:
        table = read_table(file)
    except NatmError as error:
        told = str(error.where)
    else:
        told = str(file) if table.rows or table.problems else ""
    assert str(file) in told
