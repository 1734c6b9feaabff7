# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm doctor"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("doctor")
@click.option("--mail", metavar="ADDRESS", default=None,
              help=_("Send a test letter there by the stack's mail server, and tell how it went."))
@click.pass_obj
def command(app: App, mail: str | None) -> int:
    """Look at this computer, the server and the names, and say what to mend.

    Example: natm doctor
    """
    from ..flows.doctor import doctor

    return app.show(doctor(app.workspace, mail=mail), "doctor/1")
