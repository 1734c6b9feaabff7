# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm verify"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("verify")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--browser", is_flag=True, help=_("Also the proofs that need a real browser."))
@click.pass_obj
def command(app: App, ids: tuple[str, ...], browser: bool) -> int:
    """Prove, as a member would, that the platforms work; exit 4 if one does not.

    Example: natm verify --browser
    """
    from ..flows.plan import known_ids
    from ..flows.verify import verify

    known_ids(app.workspace, ids)
    with app.progress as progress:
        progress.step("verifier", _("makes the proofs"))
        report = verify(app.workspace, only=ids, browser=browser)
    return app.show(report, "verify/1")
