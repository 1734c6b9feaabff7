# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every command is given: the workspace, questions to people, and how results are shown."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import NatmError, UsageError
from ..i18n import _
from ..plaintext import visible

if TYPE_CHECKING:
    from ..flows.tools import Tools
    from ..flows.workspace import Workspace
    from ..model.secret import Secret
    from .progress import Progress

UNHEALTHY, CHANGES = 4, 5


class App:
    """The command line's side of everything."""

    def __init__(
        self, folder: str | None, catalogs: tuple[str, ...], as_json: bool, verbose: bool
    ) -> None:
        self.folder, self.catalogs = folder, catalogs
        self.as_json, self.verbose = as_json, verbose

    @cached_property
    def progress(self) -> Progress:
        """Shows what is being done, on standard error."""
        from .progress import Progress

        return Progress()

    @property
    def layers(self) -> tuple[Path, ...]:
        """Catalogs named on the command line."""
        return tuple(Path(c) for c in self.catalogs)

    @cached_property
    def tools(self) -> Tools:
        """What flows need of the world."""
        from ..flows.tools import Tools

        return Tools(self.ask_password, self.progress.event,
                     catalogs=self.layers)

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace of -C, or the nearest one upwards."""
        from ..flows.workspace import Workspace, find

        start = Path(self.folder) if self.folder else Path.cwd()
        return Workspace(find(start), self.tools)

    def forget_workspace(self) -> None:
        """Its stack.yml was changed: it is opened anew when it is next asked for."""
        self.__dict__.pop("workspace", None)

    def ask_password(self, host: str) -> Secret:
        """The sudo password of the server: from a file named by the environment, or asked once."""
        from ..files import read_text
        from ..model.secret import Secret

        file = os.environ.get("NATM_SUDO_PASSWORD_FILE")
        if file:
            return Secret((read_text(Path(file)) or "").strip())
        self._need_terminal(_("the sudo password of {host}").format(host=host),
                            _("set NATM_SUDO_PASSWORD_FILE to a file that holds it"))
        return Secret(click.prompt(
            _("sudo password on {host}").format(host=host), hide_input=True, err=True))

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask a person; a no ends the command, and no terminal is a usage error."""
        if yes:
            return
        self._need_terminal(question, _("say --yes to answer it beforehand"))
        if not click.confirm(visible(question), err=True):
            raise NatmError(_("nothing was changed"), code="declined")

    def _need_terminal(self, question: str, hint: str) -> None:
        if not sys.stdin.isatty():
            raise UsageError(
                _("there is a question and nobody to answer it: {question}").format(
                    question=question), code="usage.no-terminal", hint=hint)

    def note(self, text: str) -> None:
        """A line for people, on standard error."""
        click.echo(visible(text), err=True)

    def show(self, result: Any, kind: str, *, bad: int = UNHEALTHY) -> int:
        """Show a result once, on standard output; returns the exit code it stands for."""
        from .show import as_json, as_text

        click.echo(as_json(result, kind) if self.as_json else visible(as_text(result)))
        return 0 if result.ok else bad
