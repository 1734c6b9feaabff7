# SPDX-License-Identifier: AGPL-3.0-or-later
"""A table of new members, as spreadsheets write it (CSV): read whole, every doubtful line told."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import NatmError
from ..i18n import _
from ..model.members import Problem
from .members import NAME, check_display_name, check_name

COLUMNS = ("name", "display_name", "email", "groups", "steward")
MOST_ROWS, MOST_BYTES = 5000, 4 << 20
EMAIL = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
YES, NO = ("yes", "true", "1", "x"), ("", "no", "false", "0")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    line: int
    name: str
    display_name: str
    email: str
    groups: tuple[str, ...]
    steward: bool

    @property
    def data(self) -> dict[str, Any]:
        """As member programs are told."""
        return {"name": self.name, "display_name": self.display_name or self.name,
                "email": self.email, "groups": list(self.groups), "steward": self.steward}


@dataclass
class Table:
    """All rows of a file, and what is wrong with others."""

    file: Path
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def place(self, line: int) -> str:
        """FILE:LINE, for people."""
        return f"{self.file}:{line}"


def read_table(file: Path, encoding: str = "utf-8") -> Table:
    """Read a table; what cannot be read at all is refused, with the line."""
    text = _text(file, encoding)
    table, seen = Table(file), dict[str, int]()
    for line, cells in _records(file, text):
        if len(table.rows) + len(table.problems) == MOST_ROWS:
            raise NatmError(_("a table has at most {n} members").format(n=MOST_ROWS),
                            code="members.table-too-long", where=table.place(line),
                            hint=_("cut it in two"))
        try:
            row = _row(line, cells)
            _refuse_twice(row, seen)
        except NatmError as error:
            hint = f" ({error.hint})" if error.hint else ""
            table.problems.append(Problem(table.place(line), f"{error.message}{hint}"))
        else:
            table.rows.append(row)
    if not table.rows and not table.problems:
        raise NatmError(_("there is nobody in this table"), code="members.table-empty",
                        where=str(file))
    return table


def _text(file: Path, encoding: str) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise NatmError(_("cannot read {path}: {why}").format(path=file, why=error.strerror),
                        code="file.unreadable", where=str(file)) from error
    if len(data) > MOST_BYTES:
        raise NatmError(_("this file is too large for a table of members"),
                        code="members.table-too-long", where=str(file))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NatmError(
            _("this file is not written in {encoding}").format(encoding=encoding),
            code="members.table-encoding", where=f"{file}:{line}",
            hint=_("save it as CSV UTF-8, or try --encoding windows-1252 and look at the names "
                   "before you say yes")) from error
    if "\0" in text:
        raise NatmError(_("this is no text"), code="members.table-invalid",
                        where=f"{file}:{text.count(chr(10), 0, text.index(chr(0))) + 1}",
                        hint=_("save the table as CSV"))
    return text


def _records(file: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Every line that is not empty, by the names of its columns."""
    head = text.lstrip("\r\n").partition("\n")[0]
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns: list[str] = []
    line = 1
    try:
        for cells in reader:
            own = [cell.strip() for cell in cells]
            if columns and any(own):
                yield line, _named(file, line, columns, own)
            elif any(own):
                columns = _columns(file, line, own)
            line = reader.line_num + 1
    except csv.Error as error:
        raise NatmError(_("this is no table: {why}").format(why=error),
                        code="members.table-invalid", where=f"{file}:{line}",
                        hint=_("a quotation mark may be missing, or too many")) from error


def _columns(file: Path, line: int, cells: list[str]) -> list[str]:
    names = [re.sub(r"[\s-]+", "_", cell.lower()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            raise NatmError(
                _("there should be no column {name} here").format(name=repr(name))
                if name not in COLUMNS else _("there are two columns {name}").format(name=name),
                code="members.table-columns", where=f"{file}:{line}",
                hint=_columns_hint())
    if "name" not in names:
        raise NatmError(_("the column name is missing"), code="members.table-columns",
                        where=f"{file}:{line}",
                        hint=_columns_hint())
    return names


def _columns_hint() -> str:
    return _("the first line names the columns: {all}").format(all=", ".join(COLUMNS))


def _named(file: Path, line: int, columns: list[str], cells: list[str]) -> dict[str, str]:
    more = cells[len(columns):]
    if any(more):
        return {"name": cells[0], "": more[0]}
    return dict(zip(columns, cells, strict=False))


def _row(line: int, cells: dict[str, str]) -> Row:
    if "" in cells:
        raise NatmError(_("there are more cells than columns: {cell}").format(
            cell=repr(cells[""])), code="members.row")
    name = cells.get("name", "")
    _check_name(name)
    shown = " ".join(cells.get("display_name", "").split())
    check_display_name(shown)
    email = cells.get("email", "")
    if email and not EMAIL.fullmatch(email):
        raise NatmError(_("{email} is no e-mail address").format(email=repr(email)),
                        code="members.row")
    return Row(line, name, shown, email, _groups(cells.get("groups", "")),
               _yes(cells.get("steward", "")))


def _check_name(name: str) -> None:
    try:
        check_name(name)
    except NatmError as error:
        lower = re.sub(r"[\s_.]+", "-", name.lower())
        if lower != name and NAME.fullmatch(lower):
            raise NatmError(error.message, code=error.code,
                            hint=_("it could be {name}").format(name=lower)) from error
        raise


def _groups(cell: str) -> tuple[str, ...]:
    groups = tuple(group for group in re.split(r"[\s,;|]+", cell) if group)
    for group in groups:
        if not NAME.fullmatch(group):
            raise NatmError(_("{name} cannot be a group's name").format(name=repr(group)),
                            code="members.row")
    return groups


def _yes(cell: str) -> bool:
    if cell.lower() in YES or cell.lower() in NO:
        return cell.lower() in YES
    raise NatmError(_("steward is yes or no, not {word}").format(word=repr(cell)),
                    code="members.row")


def _refuse_twice(row: Row, seen: dict[str, int]) -> None:
    for value in (row.name, row.email.lower()):
        if value and value in seen:
            raise NatmError(_("{value} is in line {line} already").format(
                value=value, line=seen[value]), code="members.row")
    seen.update({value: row.line for value in (row.name, row.email.lower()) if value})
