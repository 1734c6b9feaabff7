# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bringing back what was saved: looked through before anything is touched, then one platform at a
time, each wholly as it was saved or wholly as it was before."""

import contextlib
import json
import os
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import canaries
import dumps
import engine
from floor import LEAST_MB
from house import Refused, free_mb, now, read_json, stamp, words, write_json
from restic import Repository
from taking import FORMAT, take
from trees import folder_in, settle_folder, tame_odd

GOING = "restoring"
"""Beside plan.json while platforms are switched: what has to be put back if that breaks off."""
AT_ONCE = 4


def restore(house, asked):
    """Restore some platforms, or all that a snapshot holds, and tell what became of each."""
    began = time.monotonic()
    repository = Repository(house, asked.get("target") or house.plan["targets"][0])
    snapshot = find(repository, asked.get("run"), asked.get("only", ()))
    manifest = manifest_of(house, repository, snapshot)
    ids = chosen(house, manifest, asked.get("only", ()))
    refuse_full(house, manifest, ids)
    if asked.get("new_server") and repository.name != house.plan["targets"][0]:
        # Cut into the same pieces, so that later copies find what is there already.
        Repository(house, house.plan["targets"][0]).open(like=repository)
    before = save_first(house, ids) if asked.get("save", True) else None
    try:
        back = bring(house, repository, snapshot, ids)
        done, failed = switch_all(house, back, ids, manifest)
        failed |= not_here(house, manifest, asked.get("only", ()))
    finally:
        sweep(house)
    return {"run": manifest["run"], "at": manifest["at"], "target": repository.name,
            "before": before, "platforms": done, "failed": failed,
            "seconds": time.monotonic() - began}


# -- which snapshot ------------------------------------------------------------------------------

def find(repository, run, only=()):
    """The snapshot of a run; else the newest that holds what is asked for, or all."""
    there = repository.snapshots()
    fitting = [one for one in there if one["run"] == run] if run else [
        one for one in there if one["kind"] == "whole" or (
            only and one["kind"] == "part" and set(only) <= set(one["platforms"]))]
    if not fitting:
        raise Refused("restore.no-snapshot", "there is no such snapshot at {name}",
                      "`natm backups --from {name}` lists them", name=repository.name)
    return fitting[-1]


def manifest_of(house, repository, snapshot):
    """What a snapshot says of itself; one of another stack is refused."""
    try:
        manifest = json.loads(repository.read(snapshot["id"], "/manifest.json"))
        fits = manifest["format"] == FORMAT and isinstance(manifest["platforms"], dict)
        whose = (manifest["stack"], manifest["domain"])
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("restore.unknown-form", "this snapshot was not written by natm") from error
    if not fits:
        raise Refused("restore.unknown-form",
                      "this snapshot was written by another version of natm", "take a newer natm")
    if whose != (house.stack, house.plan["domain"]):
        raise Refused("restore.other-stack", "this snapshot is of the stack {stack} ({domain})",
                      stack=str(whose[0])[:60], domain=str(whose[1])[:200])
    return manifest


def chosen(house, manifest, only):
    """The platforms to restore: those named, or all that snapshot and server both have."""
    held = [id_ for id_ in house.deployed() if id_ in manifest["platforms"]]
    for id_ in only:
        if id_ not in held:
            raise Refused("restore.not-in-it",
                          "{id} is not in this snapshot, or not on this server",
                          "`natm backups` tells what each holds", id=id_)
    for id_ in only or held:
        there = read_json(house.root / "receipts" / f"{id_}.json", {}).get("version", "")
        saved = manifest["platforms"][id_]["version"]
        if numbers(saved) > numbers(there):
            raise Refused("restore.newer", "{id} was saved from version {saved}, this server has "
                          "{there}", "deploy the newer version first", id=id_, saved=saved,
                          there=there)
    return [id_ for id_ in held if id_ in (only or held)]


def not_here(house, manifest, only):
    """What the snapshot holds and this server should have, and could not be brought back to."""
    missing = [] if only else [id_ for id_ in manifest["platforms"] if id_ in house.planned
                               and id_ not in house.deployed()]
    return {id_: words("it was not brought up on this server: `natm deploy`, then `natm restore "
                       "{id}`", id=id_) for id_ in missing}


def numbers(version):
    return [int(part) for part in re.findall(r"\d+", version)]


def needed_mb(manifest, ids):
    """What a restore takes beside what is there now: dumps once as text and once loaded."""
    return sum(sum(v["bytes"] for v in manifest["platforms"][id_]["volumes"].values())
               + 4 * sum(d["bytes"] for d in manifest["platforms"][id_]["dumps"].values())
               for id_ in ids) >> 20


def refuse_full(house, manifest, ids):
    need, have = needed_mb(manifest, ids) + 2 * LEAST_MB, free_mb(house.data)
    if need > have:
        raise Refused("backup.disk-full", "this restore needs {need} MB beside what is there, and "
                      "{have} MB are free", "make room, or restore one platform at a time",
                      need=need, have=have)


def save_first(house, ids):
    """What is there now is saved before anything of it is replaced."""
    saved = take(house, ids, kind="before-restore")
    if saved["failed"]:
        says = next(iter(saved["failed"].values()))
        raise Refused("restore.not-saved", "the present state could not be saved: {why}",
                      "mend that, or give it up with --no-backup",
                      why=says["text"].format(**says["values"]))
    return saved["run"]


# -- bringing it here, and a look at it -----------------------------------------------------------

def bring(house, repository, snapshot, ids):
    """The platforms' folders out of the repository, beside the data and not yet in their place."""
    sweep(house)
    back = house.work / "back"
    house.work.mkdir(exist_ok=True)
    house.work.chmod(0o711)
    back.mkdir(mode=0o700)
    includes = [word for id_ in ids for word in ("--include", f"/platforms/{id_}")]
    repository.run("restore", snapshot["id"], "--target", str(back), *includes)
    return back


def sweep(house):
    back = house.work / "back"
    if back.is_symlink() or back.exists():
        shutil.rmtree(back)


def look_through(house, back, id_, saved):
    """In what it differs from what was noted; refused where something of it is lacking.

    People go on writing while a snapshot is made, so a file may be newer in it than what was noted
    a moment before. That it is the file as it was saved, the repository itself sees to.
    """
    volumes, told = house.platforms[id_]["volumes"], []
    for name, known in saved["volumes"].items():
        if volumes.get(name, {}).get("backup") != "files":
            continue
        folder = folder_in(back, "platforms", id_, "files", name)
        odd = tame_odd(folder)
        if odd:
            told.append(words("{volume}: {n} things that are no files of people's were left out or "
                              "made harmless", volume=f"{id_}/{name}", n=odd))
        found = canaries.sample(folder)
        differs = canaries.differences(known, found)
        if found["files"] + odd < known["files"]:
            raise changed(f"{id_}/{name}", "; ".join(differs[:3]))
        if differs and not odd:
            told.append(words("{volume} was written to while it was saved: {what}",
                              volume=f"{id_}/{name}", what="; ".join(differs[:3])))
    for name, known in saved["dumps"].items():
        spec = volumes.get(name, {}).get("dump")
        if spec:
            path = folder_in(back, "platforms", id_, "dumps") / name
            dumps.refuse_partial(path, spec, f"{id_}/{name}")
            if canaries.of_dump(path) != known:
                raise changed(f"{id_}/{name}", "its dump")
    return told


def changed(volume, why):
    return Refused("restore.differs", "{volume} came back otherwise than it was saved: {why}",
                   "restore from another copy: --from NAME", volume=volume, why=why)


# -- the switch ----------------------------------------------------------------------------------

def start(house, id_):
    if house.platforms[id_]["starts"]:
        engine.up(house, id_)


def switch_all(house, back, ids, manifest):
    """Side by side: most of the time goes by in waiting until services are well."""
    def one(id_):
        began = time.monotonic()
        saved = manifest["platforms"][id_]
        try:
            told = look_through(house, back, id_, saved)
            differs = told + switch(house, back, id_, saved)
        except (Refused, OSError) as why:
            return id_, None, undone(house, id_, why)
        return id_, {"version": saved["version"], "seconds": time.monotonic() - began,
                     "differs": differs,
                     "files": sum(v["files"] for v in saved["volumes"].values())}, None

    def undone(house, id_, why):
        try:
            put_back(house, id_)
        except (Refused, OSError) as worse:
            why = worse
        return why.says if isinstance(why, Refused) else words("{why}", why=str(why)[:300])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(one, ids))
    return ({id_: result for id_, result, why in outcomes if why is None},
            {id_: why for id_, _result, why in outcomes if why is not None})


def switch(house, back, id_, saved, begin=start):
    """Put one platform's data in place and start it; gives in what it differs from before."""
    plan = house.platforms[id_]
    replaced = [name for name, one in plan["volumes"].items()
                if name in saved["volumes"] or name in saved["dumps"]
                if one["backup"] in ("files", "dump")]
    if not replaced:
        begin(house, id_)  # Nothing to put back, but what is restored is up afterwards.
        return []
    # What an earlier, finished switch could not sweep away must never be put back.
    if before(house, id_).exists():
        shutil.rmtree(before(house, id_))
    (house.own / GOING).mkdir(mode=0o700, exist_ok=True)
    write_json(going(house, id_), {"volumes": replaced, "at": stamp(now())})
    engine.compose(house, id_, "stop", timeout=400)
    for name in replaced:
        set_aside(house, id_, name)
        settle_new(house, back, id_, name, plan["volumes"][name])
    for name in replaced:
        if plan["volumes"][name]["backup"] == "dump":
            load(house, back, id_, name, saved["dumps"][name])
    begin(house, id_)
    differs = differing_members(plan, saved)
    commit(house, id_)
    return differs


def going(house, id_):
    """What says that a platform is being switched."""
    return house.own / GOING / f"{id_}.json"


def before(house, id_):
    """Where a platform's data lie while what was saved takes their place."""
    return house.work / "before" / id_


def set_aside(house, id_, name):
    folder = before(house, id_)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.rename(house.volume(id_, name), folder / name)


def settle_new(house, back, id_, name, volume):
    place = house.volume(id_, name)
    if volume["backup"] == "files":
        os.rename(folder_in(back, "platforms", id_, "files", name), place)
    else:
        place.mkdir(mode=0o700)
    settle_folder(place, volume)


def load(house, back, id_, name, known):
    """Load a dump, and see that the database says the same when it is asked again."""
    spec = house.platforms[id_]["volumes"][name]["dump"]
    path = folder_in(back, "platforms", id_, "dumps") / name
    dumps.load(house, id_, spec, path)
    found = dumps.again(house, id_, name, spec, path.with_name(f"{name}.again"))
    if found["says"] != known["says"]:
        raise changed(f"{id_}/{name}", "{} lines, {} saved".format(found["lines"], known["lines"]))


def differing_members(plan, saved):
    """Whether as many members are known as when it was saved."""
    if not plan["members"] or saved["members"] is None:
        return []
    found = dumps.members(plan["members"])
    return [] if found == saved["members"] else [
        words("{found} members, {saved} were saved", found=found, saved=saved["members"])]


def commit(house, id_):
    """From here on what was restored is what there is, on the disk too."""
    os.sync()
    going(house, id_).unlink()
    with contextlib.suppress(OSError):  # Others are still at it.
        (house.own / GOING).rmdir()
    shutil.rmtree(before(house, id_), ignore_errors=True)


def put_back(house, id_, begin=True):
    """As it was before the switch; safe to be done again, from wherever it broke off.

    Nothing is moved under a container that runs, and nothing is forgotten before all is up.
    """
    begun = read_json(going(house, id_))
    if begun is None:
        return
    project = house.platforms[id_]["project"]
    engine.stop(project)
    if engine.containers(project):
        raise Refused("restore.not-stopped", "{id} could not be stopped, so nothing of it was put "
                      "back yet", "run the command again once the engine is well", id=id_)
    for name in begun["volumes"]:
        kept = before(house, id_) / name
        if kept.exists():
            place = house.volume(id_, name)
            if place.exists():
                shutil.rmtree(place)
            os.rename(kept, place)
    if begin and house.platforms[id_]["starts"]:
        engine.up(house, id_)
    commit(house, id_)


def return_to(house, id_, run, begin):
    """One platform's data as a snapshot has them, in place; all of it or nothing of it."""
    repository = Repository(house, house.plan["targets"][0])
    snapshot = find(repository, run)
    saved = manifest_of(house, repository, snapshot)["platforms"][id_]
    try:
        back = bring(house, repository, snapshot, [id_])
        look_through(house, back, id_, saved)
        switch(house, back, id_, saved, begin)
    except BaseException:
        with contextlib.suppress(Refused, OSError):  # What is left of it stands in its note.
            put_back(house, id_, begin=False)
        raise
    finally:
        sweep(house)


def recover(house):
    """Undo switches that broke off; the platforms they were of. One that cannot be undone keeps
    its note, and is told once the others are."""
    names = sorted(os.listdir(house.own / GOING)) if (house.own / GOING).is_dir() else []
    done, stuck = [], None
    for id_ in [name.removesuffix(".json") for name in names if name.endswith(".json")]:
        try:
            if id_ not in house.platforms:
                raise Refused("restore.unknown", "how {id} is saved is not known here any more, so "
                              "its restore could not be undone", "`natm deploy` first", id=id_)
            # One that was being upgraded is started by whoever takes that back.
            put_back(house, id_, begin=not (house.own / "upgrading" / f"{id_}.json").exists())
            done.append(id_)
        except (Refused, OSError) as why:
            stuck = why
    with contextlib.suppress(OSError):
        (house.own / GOING).rmdir()
    if stuck is not None:
        raise stuck
    return done
