# SPDX-License-Identifier: AGPL-3.0-or-later
"""Taking a backup: every platform in one moment of its own, then one snapshot of all of it."""

import secrets
import shutil
import time

import canaries
import databases
import dumps
import engine
import keeping
from floor import LEAST_MB
from house import Refused, free_mb, now, passable, read_json, stamp, words, write_json
from linking import link_tree
from restic import Repository, Unreadable
from still import Still, until_well

FORMAT = 1


def take(house, only=(), kind=None, copies=True):
    """Save some platforms, or all; what one of them lacks stands in `failed`, and stops no other.

    The snapshot of all counts as whole only if every platform is in it. Without `copies` it lies
    in the first repository alone, until the next backup.
    """
    held, kind = [], kind or ("part" if only else "whole")
    try:
        return save_all(house, chosen(house, only), kind, held, copies)
    finally:
        until_well(held)


def save_all(house, ids, kind, held, copies):
    """The backup itself; `held` tells afterwards which containers stood still for it."""
    began = time.monotonic()
    first, *others = [Repository(house, name) for name in house.plan["targets"]]
    others = others if copies else []
    try:
        refuse_full(house, first)
        house.fresh()
        manifest = gather(house, ids, kind, held)
        snapshot = save(house, first, manifest)
    except Exception as why:  # Whatever it is: `health` must not stay green over it.
        house.remember(trouble={"at": stamp(now()), **explained(why)})
        raise
    finally:
        house.sweep()
    targets = {first.name: settle_target(house, first, manifest, snapshot)}
    for other in others:
        targets[other.name] = copied(house, first, other, manifest, snapshot)
    result = {**told(manifest, snapshot), "targets": targets,
              "seconds": time.monotonic() - began}
    remember(house, result)
    return result


def chosen(house, only):
    """The platforms to save; a name this server does not know is refused."""
    deployed = house.deployed()
    for id_ in only:
        if id_ not in deployed:
            raise Refused("backup.unknown-platform", "{id} was not brought up on this server",
                          id=id_)
    if not deployed:
        raise Refused("backup.nothing", "nothing was brought up on this server yet",
                      "`natm deploy` first")
    return list(only) or deployed


def refuse_full(house, first):
    """No backup is begun that could take the room the platforms need."""
    for place in (house.data, first.path):
        if place is not None and free_mb(place) < 2 * LEAST_MB:
            raise Refused(
                "backup.disk-full", "only {n} MB are free in {path}: too little for a backup",
                "make room there, or keep the backups elsewhere", n=free_mb(place),
                path=str(place))


def gather(house, ids, kind, held):
    """Put all that is to be saved into the work folder; gives the manifest that goes with it, and
    adds to `held` the containers that stood still for it."""
    (house.tree / "platforms").mkdir(mode=0o700)
    shutil.copytree(house.root / "receipts", house.tree / "receipts")
    kept = house.root / "records" / "workspace.json"
    if kept.is_file():
        shutil.copyfile(kept, house.tree / "workspace.json")
    begun = now()
    found, failed = {}, {} if kind != "whole" else {
        id_: words("how {id} is saved is not known here: `natm deploy`", id=id_)
        for id_ in house.unknown()}
    for id_ in ids:
        try:
            if house.half(id_) and not kind.startswith("before-"):
                raise Refused("backup.half", "a restore or an upgrade of {id} broke off and is not "
                              "ended yet", id=id_)
            found[id_] = gather_platform(house, id_, held)
        except (Refused, OSError, ValueError) as why:
            shutil.rmtree(house.tree / "platforms" / id_, ignore_errors=True)
            failed[id_] = why.says if isinstance(why, Refused) else words(
                "{why}", why=str(why)[:300])
    if not found:
        raise first_refusal(failed)
    manifest = {
        "format": FORMAT, "stack": house.stack, "domain": house.plan["domain"],
        "natm": house.plan["natm"], "at": stamp(begun),
        "run": f"{begun.strftime('%Y%m%d%H%M%S')}-{secrets.token_hex(3)}",
        "kind": "part" if failed else kind, "platforms": found, "failed": failed}
    write_json(str(house.tree / "manifest.json"), manifest)
    return manifest


def first_refusal(failed):
    """Where nothing at all could be saved, the first reason is the answer."""
    says = next(iter(failed.values()))
    return Refused("backup.failed", says["text"], **says["values"])


def gather_platform(house, id_, held):
    """One platform: its dumps first, then its files, all of one moment."""
    plan, receipt = house.platforms[id_], read_json(house.root / "receipts" / f"{id_}.json", {})
    place = house.tree / "platforms" / id_
    place.mkdir(mode=0o700)
    saved = {name: house.volume(id_, name) for name, volume in plan["volumes"].items()
             if volume["backup"] == "files"}
    dumped = gather_dumps(house, id_, place)
    gathered, still = gather_files(house, plan, saved, place)
    held += still.ids
    return {
        "version": receipt.get("version", plan["version"]),
        "images": engine.image_ids(plan["project"]) or receipt.get("image_ids", {}),
        "members": dumps.members(plan["members"]) if plan["members"] else None,
        "one_moment": still.held, "still_seconds": round(still.seconds, 3),
        "dumps": dumped, **gathered}


def gather_dumps(house, id_, place):
    (place / "dumps").mkdir(mode=0o700)
    return {name: dumps.make(house, id_, name, volume["dump"], place / "dumps" / name)
            for name, volume in house.platforms[id_]["volumes"].items()
            if volume["backup"] == "dump"}


def gather_files(house, plan, saved, place):
    """Link the folders while their writers stand still; what takes longer comes after that."""
    files, aside = place / "files", house.work / "databases" / place.name
    files.mkdir(mode=0o700)
    # The platform's user opens what was set aside.
    for folder in (aside.parent, aside, *(aside / name for name in saved)):
        passable(folder)
    linked = {}
    with Still(engine.writers(plan["project"], saved.values())) as still:
        for name, folder in saved.items():
            linked[name] = link_tree(folder, files / name, plan["volumes"][name]["sqlite"],
                                     aside / name)
    found = {name: databases.settle(aside / name, made, files / name)
             for name, made in linked.items()}
    return {"volumes": {name: canaries.sample(files / name) for name in linked},
            "databases": {name: one for name, one in found.items() if one}}, still


def save(house, repository, manifest):
    """One snapshot, which counts once its manifest was read back out of the repository.

    A platform of which something cannot be read is left out, and stops no other.
    """
    repository_id = repository.open()
    note_identity(house, repository, repository_id)
    while True:
        try:
            summary = repository.save(house.tree, tags(manifest))
            break
        except Unreadable as why:
            leave_out(house, manifest, why)
    if repository.read(summary["snapshot_id"], "/manifest.json").strip() != (
            house.tree / "manifest.json").read_text(encoding="utf-8").strip():
        repository.run("forget", summary["snapshot_id"])
        raise Refused("backup.damaged", "what was just saved at {name} reads back otherwise",
                      "look at the disk it lies on", name=repository.name)
    return summary


def leave_out(house, manifest, why):
    """Take platforms out of what is to be saved, of which a file could not be read."""
    ids = {id_ for id_ in why.paths if id_ in manifest["platforms"]}
    if not ids or ids == set(manifest["platforms"]):
        raise why
    for id_ in ids:
        shutil.rmtree(house.tree / "platforms" / id_, ignore_errors=True)
        del manifest["platforms"][id_]
        manifest["failed"][id_] = words("{path} could not be read", path=why.paths[id_])
    manifest["kind"] = "part"
    write_json(str(house.tree / "manifest.json"), manifest)


def tags(manifest):
    """What a list of snapshots shows, without a look into any."""
    fixed = {"run": manifest["run"], "at": manifest["at"], "kind": manifest["kind"]}
    versions = {id_: one["version"] for id_, one in manifest["platforms"].items()}
    return [f"{key}={value}" for key, value in {**fixed, **versions}.items()]


def note_identity(house, repository, identity):
    targets = house.state.get("targets", {})
    house.remember(targets={**targets, repository.name: {
        **targets.get(repository.name, {}), "id": identity}})


def settle_target(house, repository, manifest, summary):
    """Drop what no rule keeps, and note how the repository is; trouble there loses no snapshot."""
    outcome = {"ok": True, "at": stamp(now()), "run": manifest["run"], "away": repository.away(),
               "added": summary.get("data_added"), "snapshot": summary["snapshot_id"][:16]}
    try:
        there = repository.snapshots()
        # Before a restore nothing goes: it might be the very one that is to be restored.
        stays = repository.append_only or manifest["kind"].startswith("before-")
        dropped = 0 if stays else drop(house, repository, there, manifest["run"])
        outcome |= {"dropped": dropped, "snapshots": len(there) - dropped}
        outcome["mb"] = repository.size_mb()
    except Exception as why:  # A place that answers nonsense must not keep the others from theirs.
        outcome |= {"ok": False, **explained(why)}
    return outcome


def explained(why):
    """What went wrong, for people, whatever it was."""
    if isinstance(why, Refused):
        return {"says": why.says, "code": why.code}
    return {"code": "backup.failed",
            "says": words("{why}", why=f"{type(why).__name__}: {why}"[:300])}


def copied(house, first, other, manifest, summary):
    """Copy the snapshot to another repository; one that cannot be reached stops nothing else."""
    try:
        note_identity(house, other, other.open(like=first))
        other.run("copy", summary["snapshot_id"], from_=first)
        there = [one for one in other.snapshots() if one["run"] == manifest["run"]]
        if not there:
            raise Refused("backup.failed", "the copy did not arrive at {name}", name=other.name)
    except Exception as why:
        return {"ok": False, "at": stamp(now()), "away": other.away(), **explained(why)}
    return settle_target(house, other, manifest, {"snapshot_id": there[-1]["id"]})


def drop(house, repository, there, made):
    """Carry out the rules of stack.yml; how many snapshots went. The one just made stays, whatever
    the clock said."""
    stay = {made, house.state.get("proof", {}).get("run")}
    ids = keeping.to_drop(there, house.plan["keep"], stay, now())
    if ids:
        repository.run("forget", *ids)
        repository.run("prune")
    return len(ids)


def told(manifest, summary):
    """What a backup was, for people."""
    return {"run": manifest["run"], "at": manifest["at"], "kind": manifest["kind"],
            "failed": manifest["failed"], "snapshot": summary["snapshot_id"][:16],
            "bytes": summary.get("total_bytes_processed", 0),
            "added": summary.get("data_added", 0),
            "platforms": {id_: {
                "version": one["version"], "members": one["members"],
                "one_moment": one["one_moment"], "still_seconds": one["still_seconds"],
                "files": sum(v["files"] for v in one["volumes"].values()),
                "bytes": sum(v["bytes"] for v in one["volumes"].values())
                + sum(d["bytes"] for d in one["dumps"].values())}
                for id_, one in manifest["platforms"].items()}}


def remember(house, result):
    """For `health`, and for the next run."""
    before = house.state.get("targets", {})
    targets = dict(before)
    for name, outcome in result["targets"].items():
        known = before.get(name, {})
        last_ok = outcome["at"] if outcome["ok"] else known.get("last_ok")
        targets[name] = {"id": known.get("id"), **outcome, "last_ok": last_ok}
    changes = {"targets": targets}
    if result["kind"] == "whole":
        changes["trouble"] = None
        changes["last"] = {key: result[key] for key in ("run", "at", "bytes", "seconds")}
    elif result["failed"]:
        id_, says = next(iter(result["failed"].items()))
        changes["trouble"] = {"at": result["at"], "code": "backup.part", "platform": id_,
                              "says": says}
    house.remember(**changes)

