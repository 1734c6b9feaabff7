# SPDX-License-Identifier: AGPL-3.0-or-later
"""Asking the server's own program for backups, and ending what one that broke off had begun."""

from __future__ import annotations

import json
from typing import Any

from ..errors import NatmError
from ..i18n import _, spoken
from ..process import Completed
from ..server import Lock
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
        raise _no_answer(done, workspace.deployment.server.host) from error
    if not good:
        raise refusal(answer, workspace.deployment.server.host)
    result: dict[str, Any] = answer["result"]
    return result


def _no_answer(done: Completed, host: str) -> NatmError:
    """The program is not there, or it died."""
    hint = _("`natm deploy --full` puts it in place")
    if "can't open file" in done.stderr:
        return NatmError(_("this server has no program for backups and upgrades yet"),
                         code="backup.not-installed", where=host, hint=hint)
    return NatmError(
        _("the server's program for backups gave no answer: {why}").format(
            why=done.stderr.strip()[-400:] or _("nothing was said")),
        code="backup.no-answer", where=host, hint=hint)


def refusal(answer: dict[str, Any], where: str | None = None) -> NatmError:
    """What the server's program refused, as an error."""
    hint = answer.get("hint")
    return NatmError(spoken(answer["says"]), code=str(answer["code"]), where=where,
                     hint=spoken(hint) if hint else None)


def stop_after_recovery(lock: Lock) -> None:
    """Whoever planned before something was put back must plan again; `NatmError` says so."""
    words = ended_words(lock)
    if words:
        raise NatmError("; ".join(words), code="restore.undone",
                        hint=_("run the command again and look at the new plan"))


def ended_words(lock: Lock) -> list[str]:
    """What to tell people of restores and upgrades that broke off and were ended by now.

    `NatmError` where that could not be done.
    """
    ended = lock.ended
    if ended is None:
        return []
    if not ended["ok"]:
        raise refusal(ended)
    return [*(_("an earlier restore of {id} broke off; what was there before is back").format(
                id=id_) for id_ in ended["result"]["platforms"]),
            *(_("an earlier upgrade of {id} broke off; it was ended").format(id=id_)
              for id_ in ended["result"]["upgrades"])]
