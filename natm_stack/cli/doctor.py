# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm doctor"""

from __future__ import annotations

import click

from .app import App


@click.command("doctor")
@click.pass_obj
def command(app: App) -> int:
    """Look at this computer, the server and the names, and say what to mend.

    Example: natm doctor
    """
    from ..flows.doctor import doctor

    return app.show(doctor(app.workspace), "doctor/1")
