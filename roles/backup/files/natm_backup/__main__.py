# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups of one stack, on its own server, with no laptop present.

    python3 FOLDER run            what the timer does: a backup of all, copies, old ones dropped
    python3 FOLDER backup         the same for natm, which holds the server's lock meanwhile
    python3 FOLDER list           the snapshots there are

The folder's neighbours are plan.json, targets.json and key. Reads one line of JSON from standard
input (for `run`, nothing), prints one line of JSON, and ends with 0 when it was done.
"""

import json
import os
import pathlib
import signal
import sys

import lock
from house import House, Refused, words
from restic import Repository
from taking import take


def backup(house, asked):
    return take(house, tuple(asked.get("only", ())))


def listed(house, asked):
    """Snapshots of one repository, and what is known of all of them."""
    repository = Repository(house, asked.get("target") or house.plan["targets"][0])
    state = house.state
    return {"target": repository.name, "targets": state.get("targets", {}),
            "proof": state.get("proof"), "snapshots": repository.snapshots()}


ACTIONS = {"backup": backup, "list": listed}


def carry_out(action, asked):
    house = House(pathlib.Path(__file__).resolve().parent.parent)
    if action == "run":
        with lock.alone(house, "backup"), lock.working(house):
            return backup(house, {})
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
        asked = {} if action == "run" else json.loads(sys.stdin.readline() or "{}")
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
