# SPDX-License-Identifier: AGPL-3.0-or-later
"""Asking the server's own program for backups, and ending what one that broke off had begun."""

from __future__ import annotations

import json
from typing import Any

from ..errors import NatmError
from ..i18n import _, spoken
from .workspace import Workspace

PATIENCE = 24 * 3600
"""The first copy to somewhere else may take a night."""


def ask(workspace: Workspace, action: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Have the server's own program do something; what it refuses is an error here."""
    program = f"{workspace.deployment.root}/backup/natm_backup"
    done = workspace.server.run(
        ("python3", "-B", program, action), stdin=json.dumps(asked) + "\n", timeout=PATIENCE)
    try:
        answer = json.loads(done.stdout.strip().splitlines()[-1])
        good = answer["ok"]
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise NatmError(
            _("the server's program for backups gave no answer: {why}").format(
                why=done.stderr.strip()[-400:] or _("nothing was said")),
            code="backup.no-answer", where=workspace.deployment.server.host,
            hint=_("`natm deploy --full` puts it in place")) from error
    if not good:
        hint = answer.get("hint")
        raise NatmError(spoken(answer["says"]), code=str(answer["code"]),
                        where=workspace.deployment.server.host,
                        hint=spoken(hint) if hint else None)
    result: dict[str, Any] = answer["result"]
    return result


def undo_broken_restore(workspace: Workspace) -> None:
    """Undo a restore that broke off, before anything starts on half of it; then say so.

    What the server has is another thing afterwards, so a plan made before is no good any more.
    """
    going = f"{workspace.deployment.root}/backup/restoring"
    if not workspace.server.run(("ls", "-A", going)).stdout.strip():
        return
    undone = recovered_words(ask(workspace, "recover", {})["platforms"])
    if undone:
        raise NatmError("; ".join(undone), code="restore.undone",
                        hint=_("run the command again and look at the new plan"))


def recovered_words(platforms: list[str]) -> list[str]:
    """What to tell people of a restore that was undone."""
    return [_("an earlier restore of {id} broke off; what was there before is back").format(
        id=id_) for id_ in platforms]
