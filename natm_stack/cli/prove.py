# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm prove"""

from __future__ import annotations

import click

from ..i18n import _
from .app import App


@click.command("prove")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--rung", "only", multiple=True, metavar="NAME",
              help=_("Only this rung of the ladder; may be said several times."))
@click.option("--server", "host", default=None, metavar="HOST",
              help=_("A server with nothing on it, by SSH; else a throwaway one on this machine."))
@click.option("--ready-images", is_flag=True,
              help=_("Hand the throwaway server images that this machine has, or builds once."))
@click.option("--no-record", is_flag=True, help=_("Write nothing into the platforms' folders."))
@click.pass_obj
def command(
    app: App, ids: tuple[str, ...], only: tuple[str, ...], host: str | None,
    ready_images: bool, no_record: bool,
) -> int:
    """Climb the ladder with platforms on a throwaway server, and write down what was seen.

    Example: natm prove radicale copyparty
    """
    from ..flows.prove import prove

    with app.progress as progress:
        progress.step("server", _("is made ready"))
        told = prove(ids, app.tools, host=host, only=only, ready=ready_images,
                     keep=not no_record)
    return app.show(told, "prove/1")
