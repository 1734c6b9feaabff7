# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one place where an exception becomes words and an exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..errors import Interrupted, NatmError, UsageError
from ..i18n import _
from ..plaintext import visible

REFUSED, USAGE, BUG, INTERRUPTED = 1, 2, 3, 130


def run(cli: click.Command, arguments: list[str]) -> int:
    """Run a command and return its exit code; nothing escapes."""
    as_json = "--json" in arguments
    # --json may stand anywhere on the line, as people and scripts expect.
    words = [a for a in arguments if a != "--json"]
    if as_json:
        words.insert(0, "--json")
    try:
        code = cli.main(args=words, prog_name="natm", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _told(Interrupted(
            _("stopped"), code="interrupted",
            hint=_("what was begun can be run again; it goes on from there")), as_json)
    except click.ClickException as error:
        return _usage(error, as_json)
    except NatmError as error:
        return _told(error, as_json)
    except BrokenPipeError:
        return REFUSED
    except Exception as error:
        return _bug(error, as_json)


def exit_code(error: NatmError) -> int:
    """The exit code an error stands for."""
    if isinstance(error, Interrupted):
        return INTERRUPTED
    return USAGE if isinstance(error, UsageError) else REFUSED


def _told(error: NatmError, as_json: bool) -> int:
    _show(error, as_json)
    return exit_code(error)


def _show(error: NatmError, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"ok": False, "error": error_value(error)}))
        return
    click.echo(click.style(_("Error: "), fg="red", bold=True) + visible(error.message),
               err=True)
    if error.where is not None:
        click.echo(visible(f"at:   {error.where}"), err=True)
    if error.hint:
        click.echo(visible(f"hint: {error.hint}"), err=True)


def error_value(error: NatmError) -> dict[str, Any]:
    """An error as --json has it."""
    return {"code": error.code, "message": error.message, "hint": error.hint,
            "where": None if error.where is None else str(error.where)}


def _usage(error: click.ClickException, as_json: bool) -> int:
    if as_json:
        _show(UsageError(error.format_message(), code="usage"), True)
    else:
        error.show()
    return USAGE


def _bug(error: Exception, as_json: bool) -> int:
    """Write a report that can be sent on. It holds no values of variables, so no secret either."""
    # Seldom needed, and natm starts faster without them.
    import platform
    import tempfile
    import traceback

    report = Path(tempfile.mkdtemp(prefix="natm-bug-")) / "report.md"
    frames = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    report.write_text(
        f"# natm {__version__} met a bug\n\nPython {platform.python_version()} on "
        f"{platform.platform()}\nCommand: natm {_command(sys.argv[1:])}\n\n"
        f"{type(error).__name__}\n\n```\n{frames}```\n", encoding="utf-8")
    _show(NatmError(
        _("this is a bug in natm: {kind}").format(kind=f"{type(error).__name__}: {error}"[:300]),
        code="bug", where=str(report),
        hint=_("please send this report to the people who make natm; it holds no secrets")),
        as_json)
    return BUG


def _command(words: list[str]) -> str:
    return " ".join(words[:2])
