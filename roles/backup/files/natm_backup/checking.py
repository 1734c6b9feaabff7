# SPDX-License-Identifier: AGPL-3.0-or-later
"""A look at what was saved, with no laptop present: it can be read, and is what it was.

No service starts, so it proves less than a drill: that what people wrote is there, not that a
platform made of it works.
"""

import time

import restoring
from house import Refused, now, stamp, words
from restic import Repository

PARTS = {"weekly": 8, "monthly": 3}
"""In so many runs, every byte of the repository is read once."""
LEAST_MEMORY_MB = 384
SKIPPED = ("backup.disk-full", "check.no-memory", "restore.no-snapshot")
"""Reasons that say nothing about the backups: it was not tried."""


def check(house, asked=None):
    """Look at the newest whole snapshot and at one part of the repository; what it found is kept
    for `natm health`, whichever way it ends."""
    began = time.monotonic()
    known = house.state.get("checked") or {}
    of = PARTS.get(house.plan.get("check"), PARTS["weekly"])
    part = known.get("part", 0) % of + 1
    try:
        found = {"state": "ok", **looked_at(house, f"{part}/{of}"), "part": part, "of": of}
    except Refused as why:
        state = "skipped" if why.code in SKIPPED else "failed"
        found = {"state": state, "says": why.says, "code": why.code,
                 "part": known.get("part", 0), "of": of}
    except Exception as why:  # Whatever it is: `health` must not stay green over it.
        house.remember(checked={"state": "failed", "at": stamp(now()), "code": "check.failed",
                                "says": words("{why}", why=f"{type(why).__name__}: {why}"[:300]),
                                "part": known.get("part", 0), "of": of})
        raise
    found |= {"at": stamp(now()), "seconds": time.monotonic() - began,
              "last_ok": stamp(now()) if found["state"] == "ok" else known.get("last_ok")}
    house.remember(checked=found)
    return found


def looked_at(house, subset):
    """What is there, as it was saved; or why it is not."""
    refuse_short_memory()
    repository = Repository(house, house.plan["targets"][0])
    snapshot = restoring.find(repository, None)
    manifest = restoring.manifest_of(house, repository, snapshot)
    ids = [id_ for id_ in manifest["platforms"] if id_ in house.platforms]
    restoring.refuse_full(house, manifest, ids)
    repository.run("check", f"--read-data-subset={subset}")
    try:
        back = restoring.bring(house, repository, snapshot, ids)
        for id_ in ids:
            restoring.look_through(house, back, id_, manifest["platforms"][id_])
    finally:
        restoring.sweep(house)
    return {"run": manifest["run"], "platforms": ids, "files": sum(
        volume["files"] for id_ in ids
        for volume in manifest["platforms"][id_]["volumes"].values())}


def refuse_short_memory():
    """Members' platforms come first."""
    with open("/proc/meminfo", encoding="ascii") as stream:
        fields = {name: int(rest.split()[0]) for name, rest in
                  (line.split(":") for line in stream)}
    free = fields["MemAvailable"] // 1024
    if free < LEAST_MEMORY_MB:
        raise Refused("check.no-memory", "only {n} MB of memory are free, and a look at the "
                      "backups takes {least}", n=free, least=LEAST_MEMORY_MB)
