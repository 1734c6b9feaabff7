# SPDX-License-Identifier: AGPL-3.0-or-later
"""The natm command's group and its one error boundary."""

from __future__ import annotations

import importlib
import sys
from typing import Any, NoReturn

import click

from .. import __version__
from ..i18n import _

COMMANDS = (
    "init", "catalog", "pick", "drop", "vet", "decide", "plan", "render", "deploy", "verify",
    "prove", "health", "members", "backup", "backups", "restore", "drill", "outdated", "upgrade",
    "rollback", "secrets", "logs", "doctor", "eject", "remove",
)


class LazyGroup(click.Group):
    """Loads a command's file only when the command is used, so that natm starts at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of this name, or None."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"natm_stack.cli.{name}")
        command: click.Command = module.command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """As Click does, with the word that was probably meant."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if near:
                raise click.UsageError(
                    _("There is no command {word}. Did you mean {near}?").format(
                        word=args[0], near=near[0]), ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="natm")
@click.option("-C", "workspace", metavar="FOLDER", default=None,
              help=_("The workspace; else the nearest folder upwards with a stack.yml."))
@click.option("--catalog", "catalogs", metavar="FOLDER", multiple=True,
              help=_("A catalog of your own, layered on top; it is code you run."))
@click.option("--json", "as_json", is_flag=True, help=_("The result as JSON on standard output."))
@click.option("-v", "--verbose", is_flag=True, help=_("Say more while at work."))
@click.pass_context
def cli(
    ctx: click.Context, workspace: str | None, catalogs: tuple[str, ...], as_json: bool,
    verbose: bool,
) -> None:
    """A community's own platforms, on its own server: pick, deploy, prove, keep running."""
    from .app import App

    ctx.obj = App(workspace, catalogs, as_json, verbose)


def main() -> NoReturn:
    """Run natm; the exit code says how it went (see README)."""
    from .boundary import run

    sys.exit(run(cli, sys.argv[1:]))


if __name__ == "__main__":
    main()
