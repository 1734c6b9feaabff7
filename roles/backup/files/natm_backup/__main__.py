# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups of one stack, on its own server, with no laptop present.

    python3 FOLDER run            what the timer does: a backup of all, copies, old ones dropped
    python3 FOLDER check          what another timer does: a look at what was saved
    python3 FOLDER backup         the same for natm, which holds the server's lock meanwhile
    python3 FOLDER list           the snapshots there are
    python3 FOLDER restore        a snapshot back in place
    python3 FOLDER proven         notes that a restore was proven
    python3 FOLDER recover        as it was before a restore or an upgrade that broke off
    python3 FOLDER boot           the same, when the server starts
    python3 FOLDER upgrade        what was put ready takes a platform's place, on trial
    python3 FOLDER commit, back   the end of that, one way or the other
    python3 FOLDER rollback       the version before takes its place again
    python3 FOLDER wait ID        waits beside it, for the case that nobody ends it

The folder's neighbours are plan.json, targets.json and key. Reads one line of JSON from standard
input (for `run` and `check`, nothing), prints one line of JSON, and ends with 0 when it was done.
"""

import contextlib
import json
import os
import pathlib
import signal
import sys

import checking
import lock
import restoring
import upgrading
import waiting
from house import House, Refused, now, stamp, words
from restic import Repository
from taking import take


def backup(house, asked):
    kind = asked.get("kind")
    if kind not in (None, "before-purge"):
        raise Refused("backup.unknown-action", "this server's program for backups knows no "
                      "{action}", "`natm deploy` brings the newest", action=str(kind)[:60])
    # What cannot be ended is remembered as trouble by then, and the others are saved all the same.
    with contextlib.suppress(Refused):
        recover(house)
    return take(house, tuple(asked.get("only", ())), kind)


def recover(house):
    """End what broke off: restores first, since an upgrade that is taken back may be at one."""
    return {"platforms": restoring.recover(house), "upgrades": upgrading.recover(house)}


def recovered(house, _asked):
    """Only what a command that broke off left to be done."""
    return recover(house)


def listed(house, asked):
    """Snapshots of one repository, and what is known of all of them."""
    repository = Repository(house, asked.get("target") or house.plan["targets"][0])
    state = house.state
    return {"target": repository.name, "targets": state.get("targets", {}),
            "proof": state.get("proof"), "checked": state.get("checked"),
            "snapshots": repository.snapshots()}


def proven(house, asked):
    """Note that a restore of a snapshot was proven: it is never dropped for its age alone."""
    proof = {"run": str(asked["run"]), "at": stamp(now()), "seconds": float(asked["seconds"]),
             "what": [str(id_) for id_ in asked["what"]]}
    house.remember(proof=proof)
    return proof


ACTIONS = {"backup": backup, "list": listed, "restore": restoring.restore, "recover": recovered,
           "proven": proven, "upgrade": upgrading.upgrade, "commit": upgrading.commit,
           "back": upgrading.back, "rollback": upgrading.rollback,
           "earlier": upgrading.before_now}
BY_ITSELF = {"run": ("backup", backup), "check": ("backup check", checking.check),
             "boot": ("boot", recovered)}
"""What takes the lock by itself, and how the lock's owner is called meanwhile."""


def carry_out(action, asked):
    house = House(pathlib.Path(__file__).resolve().parent.parent)
    if action in BY_ITSELF:
        command, act = BY_ITSELF[action]
        with lock.alone(house, command), lock.working(house):
            return act(house, {})
    if action == "wait":
        return waiting.wait(house, sys.argv[2])
    if action not in ACTIONS:
        raise Refused("backup.unknown-action",
                      "this server's program for backups knows no {action}",
                      "`natm deploy` brings the newest", action=action)
    with lock.working(house):
        return ACTIONS[action](house, asked)


def stop(*_given):
    raise SystemExit(143)


def main():
    os.umask(0o077)
    signal.signal(signal.SIGTERM, stop)
    # The laptop may go away in the middle: what was begun is finished all the same.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    action = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        alone = action in (*BY_ITSELF, "wait")
        asked = {} if alone else json.loads(sys.stdin.readline() or "{}")
        answer = {"ok": True, "result": carry_out(action, asked)}
    except Refused as why:
        answer = {"ok": False, "code": why.code, "says": why.says, "hint": why.hint}
    except OSError as why:
        answer = {"ok": False, "code": "backup.failed", "hint": None,
                  "says": words("{why}", why=f"{why.strerror or why}: {why.filename or ''}")}
    print(json.dumps(answer), flush=True)
    return 0 if answer["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
