# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm health"""

from __future__ import annotations

import click

from .app import App


@click.command("health")
@click.pass_obj
def command(app: App) -> int:
    """Look at everything for a second or two; exit 4 if something is unhealthy.

    Example: natm health --json
    """
    from ..flows.health import health

    return app.show(health(app.workspace), "health/1")
