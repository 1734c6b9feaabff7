# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many new members at once: looked at first, then all of them or none."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import NatmError
from ..files import write
from ..i18n import _
from ..model.members import Invitation, NewMembers, Problem
from .accounts import Answer, account_platform, answered, ask, call, keepers, step
from .invitations import invite_all, invited
from .member_table import Table
from .members import first_password, refuse_unadopted, words
from .verify import finish_clean_up
from .workspace import Workspace


class _Refusal(Exception):
    """Somebody took a name between the look and the import."""

    def __init__(self, report: NewMembers) -> None:
        super().__init__()
        self.report = report


Rows = Sequence[dict[str, Any]]
ONE_S = 0.5
"""What one new member may take, several times over: mostly the hashing of the password."""


def look(workspace: Workspace, table: Table, *, links: bool) -> NewMembers:
    """What an import would do; the server is asked, and nothing is changed."""
    account_platform(workspace)
    if table.problems:
        return NewMembers(len(table.rows), problems=tuple(table.problems))
    places = [table.place(row.line) for row in table.rows]
    refuse_unadopted(workspace, [row.name for row in table.rows])
    return examined(workspace, [row.data for row in table.rows], places, links=links)


def examined(
    workspace: Workspace, rows: Rows, places: Sequence[str], *, links: bool
) -> NewMembers:
    """The account platform's word on each row, at the place it came from."""
    answer = invite_all(workspace, list(rows), dry_run=True) if links else ask(
        workspace, "import", {"members": list(rows), "dry_run": True})
    problems = _problems(answer, places)
    if not problems:
        answered(answer)
    return NewMembers(len(rows), problems=problems)


def _problems(answer: Answer, places: Sequence[str]) -> tuple[Problem, ...]:
    found = []
    for one in answer.get("problems") or []:
        number = one.get("row")
        where = places[number] if isinstance(number, int) and 0 <= number < len(places) else ""
        found.append(Problem(where, str(one.get("message", ""))))
    return tuple(found)


def refuse_file(keep_in: Path | None) -> None:
    """Passwords are never written over something else."""
    if keep_in is not None and keep_in.exists():
        raise NatmError(_("{path} is there already").format(path=keep_in), code="file.exists",
                        where=str(keep_in), hint=_("name a file that does not exist yet"))


def make(
    workspace: Workspace, rows: Rows, places: Sequence[str], *, keep_in: Path | None,
    command: str = "members import",
) -> NewMembers:
    """Accounts for all of them, or for none; first passwords are told once, here or in a file."""
    refuse_file(keep_in)
    try:
        return _made(workspace, rows, places, keep_in, command)
    except _Refusal as refusal:
        return refusal.report


def _made(
    workspace: Workspace, rows: Rows, places: Sequence[str], keep_in: Path | None, command: str
) -> NewMembers:
    told = [row if row.get("disabled") else {**row, "password": first_password()} for row in rows]
    passwords = {row["name"]: row["password"] for row in told if "password" in row}
    with workspace.lock(command) as lock, _kept(keep_in, [
            ("name", "display_name", "password"),
            *((row["name"], row["display_name"], row["password"])
              for row in told if "password" in row)]):
        finish_clean_up(workspace)
        answer = ask(workspace, "import", {"members": told},
                     timeout=120 + int(ONE_S * len(told)))
        problems = _problems(answer, places)
        if problems:
            raise _Refusal(NewMembers(len(rows), problems=problems))
        answered(answer)
        lock.result = "done"
        failed = _natively(workspace, [row for row in told if "password" in row])
    return NewMembers(len(rows), made=True, failed=failed,
                      first_passwords={} if keep_in else passwords,
                      kept_in=str(keep_in) if keep_in else None)


def import_(
    workspace: Workspace, table: Table, *, keep_in: Path | None, links: bool
) -> NewMembers:
    """Make or invite all members of a table."""
    rows = [row.data for row in table.rows]
    places = [table.place(row.line) for row in table.rows]
    if links:
        return invite_many(workspace, rows, places, keep_in=keep_in)
    return make(workspace, rows, places, keep_in=keep_in)


def invite_many(
    workspace: Workspace, rows: Rows, places: Sequence[str], *, keep_in: Path | None
) -> NewMembers:
    """A link for each; those that went off by mail are not told again."""
    refuse_file(keep_in)
    answer = invite_all(workspace, list(rows))
    problems = _problems(answer, places)
    if problems:
        return NewMembers(len(rows), problems=problems)
    report = invited(answered(answer))
    if keep_in is None:
        return report
    _write(keep_in, [("name", "link", "until"),
                     *((one.name, one.url, one.until) for one in report.invitations)])
    return replace(report, kept_in=str(keep_in), invitations=tuple(
        _without_link(one) for one in report.invitations if one.why))


def _without_link(one: Invitation) -> Invitation:
    return replace(one, url="")


def _natively(workspace: Workspace, rows: Rows) -> dict[str, str]:
    """The same accounts where a platform keeps its own beside the account platform."""
    own = [i for i in keepers(workspace) if i.id != workspace.deployment.accounts]
    chains = {i.id: [step(i, "create", row) for row in rows] for i in own}
    answers = call(workspace, chains, timeout=600 + 5 * len(rows)) if rows else {}
    failed = {}
    for id_, each in answers.items():
        bad = [f"{row['name']}: {words(answer)}" for row, answer in zip(rows, each, strict=True)
               if not answer.get("ok") and answer.get("code") != "exists"]
        if bad:
            failed[id_] = "; ".join(bad[:5])
    return failed


def _write(file: Path, rows: Sequence[tuple[str, ...]]) -> None:
    text = io.StringIO()
    # A spreadsheet would run what begins like this, whoever wrote it into their name.
    csv.writer(text).writerows(
        [f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell for cell in row]
        for row in rows)
    write(file, text.getvalue().encode(), 0o600)


@contextlib.contextmanager
def _kept(file: Path | None, rows: Sequence[tuple[str, ...]]) -> Any:
    """The file stands before the accounts do, so that no password is lost.

    It goes where nothing was made for certain; where nobody can tell, it stays.
    """
    if file is not None:
        _write(file, rows)
    try:
        yield
    except (_Refusal, NatmError) as error:
        unknown = isinstance(error, NatmError) and error.code.endswith("no-answer")
        if file is not None and not unknown:
            file.unlink(missing_ok=True)
        raise
