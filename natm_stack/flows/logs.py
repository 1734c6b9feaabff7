# SPDX-License-Identifier: AGPL-3.0-or-later
"""logs: what a platform's containers said last."""

from __future__ import annotations

from ..errors import NatmError
from ..i18n import _
from ..model.results import Told
from .plan import known_ids
from .workspace import Workspace


def logs(workspace: Workspace, id_: str, lines: int) -> Told:
    """The last lines of each of a platform's containers."""
    known_ids(workspace, (id_,))
    project = workspace.deployment.instance(id_).project
    done = workspace.server.run(
        ("docker", "compose", "--ansi=never", "--project-name", project, "logs", "--no-color",
         "--timestamps", f"--tail={lines}"))
    if done.code != 0:
        raise NatmError(_("the engine gave no logs: {why}").format(why=done.stderr.strip()[-300:]),
                        code="logs.failed")
    text = tuple(done.stdout.splitlines()) or (_("nothing was said yet"),)
    return Told(text, {"platform": id_, "lines": list(text)})
