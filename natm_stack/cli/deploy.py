# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm deploy"""

from __future__ import annotations

import click

from ..i18n import _
from .app import UNHEALTHY, App


@click.command("deploy")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.option("--full", is_flag=True, help=_("Converge everything, changed or not."))
@click.option("--browser", is_flag=True, help=_("Prove it in a real browser too."))
@click.option("--no-verify", is_flag=True, help=_("Prove nothing afterwards."))
@click.option("--trial", is_flag=True,
              help=_("Look at it on loopback, whatever the policy says; not for real use."))
@click.pass_obj
def command(
    app: App, ids: tuple[str, ...], yes: bool, full: bool, browser: bool, no_verify: bool,
    trial: bool,
) -> int:
    """Bring the server in line with stack.yml: show the plan, ask, apply, verify.

    Example: natm deploy --yes
    """
    from ..flows.deploy import deploy
    from ..flows.gate import gate, refuse_open_trial, require_admission
    from ..flows.plan import plan
    from . import show_vet
    from .show import as_text

    if trial:
        refuse_open_trial(app.workspace)
    made, found = plan(app.workspace, only=ids, full=full)
    if made.changes:
        app.note(as_text(made) + "\n")
        judged = gate(app.workspace, made, found, trial=trial)
        app.note(as_text(judged))
        require_admission(judged)
        app.confirm(show_vet.question(judged), yes=yes)
    with app.progress:
        report = deploy(app.workspace, made, only=ids, full=full, prove=not no_verify,
                        browser=browser, trial=trial, owned=True)
    applied = report.applied is None or report.applied.ok
    return app.show(report, "deploy/1", bad=UNHEALTHY if applied else 1)
