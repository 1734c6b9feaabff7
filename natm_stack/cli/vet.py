# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm vet"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("vet")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--policy", default=None, metavar="NAME|FILE",
              help=_("Try another policy: first-steps, careful, newsroom, school, or a file."))
@click.option("--adopt", is_flag=True, help=_("Make it this workspace's policy.yml."))
@click.option("--due", is_flag=True, help=_("What must be looked at again, and who can."))
@click.option("--within", type=click.IntRange(0, 3650), default=60, show_default=True,
              help=_("With --due: within so many days."))
@click.pass_obj
def command(
    app: App, ids: tuple[str, ...], policy: str | None, adopt: bool, due: bool, within: int
) -> int:
    """Say what your policy says of platforms, rule by rule: fact, basis, age, evidence, verdict.

    Example: natm vet prosody
    """
    from ..flows.policies import adopt_policy, vetting_for
    from ..flows.vet import vet_platforms
    from . import show_vet  # noqa: F401  teaches `as_text` about verdicts

    if adopt:
        return app.show(adopt_policy(app.workspace, policy), "vet-adopt/1")
    vetting, chosen = vetting_for(app, ids, policy)
    if due:
        from ..flows.policies import due_told

        return app.show(due_told(vetting, chosen, within), "vet-due/1")
    return app.show(vet_platforms(vetting, chosen), "vet/1", bad=1)
