# SPDX-License-Identifier: AGPL-3.0-or-later
"""Upgrades of one platform, as a transaction: wholly the new version, or wholly the one before
with everything that people had written.

    begun -> saved -> switched -> trial -> committed

`upgrading/ID.json` says how far it got. Until it is committed there is one way, back: by the one
who asked, by the one who waits beside it (see waiting.py), at the next boot, or by whatever command
comes next. Nobody but proofs can get in meanwhile, so nothing that people write can be lost.
"""

import contextlib
import fcntl
import os
import secrets
import time

import closing
import dumps
import engine
import places
import restoring
from floor import LEAST_MB
from house import Refused, free_mb, now, read_json, stamp, words, write_json
from taking import take
from trees import settle_folder
from waiting import wait_beside

FOLDER = "upgrading"
PATIENCE = 900
"""Seconds in which somebody must say that the new version is good; else it goes back."""


# -- what is known of one that is going on ---------------------------------------------------------

@contextlib.contextmanager
def alone(house):
    """One at a time: who upgrades, who waits beside it, who takes it back."""
    folder = house.own / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    with open(folder / "lock", "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def state_file(house, id_):
    return house.own / FOLDER / f"{id_}.json"


def state_of(house, id_):
    return read_json(state_file(house, id_))


def pending(house):
    """Ids of the platforms whose upgrade nobody has ended."""
    folder = house.own / FOLDER
    return sorted(path.stem for path in folder.glob("*.json")) if folder.is_dir() else []


def note(house, state, phase, **more):
    """Write down how far it got, before what comes next is begun."""
    state.update(more, phase=phase)
    write_json(str(state_file(house, state["id"])), state)


# -- forward ---------------------------------------------------------------------------------------

def upgrade(house, asked):
    """Switch to what was put ready, up to the point where proofs can be made."""
    with alone(house):
        places.require_staged(house, asked["id"])
        return begin(house, {"id": asked["id"], "way": "upgrade", "load": None}, asked)


def before_now(house, asked):
    """What a rollback would lead to."""
    id_ = asked["id"]
    mark = places.require_earlier(house, id_)
    receipt = places.receipt_of(places.earlier(house, id_))
    return {"version": str(receipt.get("version", "?")), "at": mark["at"], "run": mark["run"],
            "now": str(read_json(places.receipt_file(house, id_), {}).get("version", "?"))}


def rollback(house, asked):
    """Go back to the version before and what was written in it; what is there now is saved."""
    with alone(house):
        id_ = asked["id"]
        mark = places.require_earlier(house, id_)
        engine.require_images(places.receipt_of(places.earlier(house, id_)).get("images", {}))
        state = {"id": id_, "way": "rollback", "load": mark["run"], "mark": mark}
        return begin(house, state, asked)


def begin(house, state, asked):
    """The way to the trial. Whatever fails on it, all is as before when this returns."""
    id_, spec = state["id"], house.platforms[asked["id"]]
    if state_of(house, id_) is not None:
        raise Refused("upgrade.going-on", "{id} is being upgraded already", id=id_)
    state |= {"token": secrets.token_hex(8), "at": stamp(now()), "live": spec["live"],
              "run": None, "project": spec["project"], "took": {}, "closed_at": time.time()}
    # First of all: it waits for the lock that is held here, so that no moment is without it.
    wait_beside(house, id_)
    note(house, state, "begun", patience=float(asked.get("seconds") or PATIENCE))
    try:
        if not spec["live"] and spec["starts"]:
            engine.up(house, id_)  # What is not well now could not be saved either.
        if state["way"] == "rollback":
            places.take_from_earlier(house, id_)
        if not spec["live"]:
            save(house, state, spec)
        switch(house, state)
    except (Refused, OSError) as why:
        says = why.says if isinstance(why, Refused) else words("{why}", why=str(why)[:300])
        take_back(house, state, says)
        return {"outcome": "back", "says": says, "took": state["took"], "run": state["run"]}
    note(house, state, "trial", deadline=time.time() + state["patience"])
    return {"outcome": "trial", "token": state["token"], "took": state["took"],
            "run": state["run"], "live": state["live"]}


@contextlib.contextmanager
def measured(state, name):
    began = time.monotonic()
    try:
        yield
    finally:
        state["took"][name] = round(time.monotonic() - began, 3)


def save(house, state, spec):
    """Close the door, stop what writes, and save what is there then."""
    id_ = state["id"]
    state["members"] = dumps.members(spec["members"]) if spec["members"] else None
    closing.close(house, id_)
    state["closed_at"] = time.time()
    with measured(state, "stop"):
        engine.stop(spec["project"], but=[
            v["dump"]["service"] for v in spec["volumes"].values() if v["dump"]])
    with measured(state, "save"):
        saved = take(house, (id_,), kind=f"before-{state['way']}", copies=False)
    if id_ in saved["failed"]:
        says = saved["failed"][id_]
        raise Refused("upgrade.not-saved", "{id} could not be saved first: {why}",
                      "`natm health` tells whether it is well", id=id_,
                      why=says["text"].format(**says["values"]))
    refuse_no_way_back(house, saved["platforms"][id_])
    note(house, state, "saved", run=saved["run"])


def refuse_no_way_back(house, saved):
    """What was saved must fit beside what is there, or nothing could be put back."""
    need, have = (4 * saved["bytes"] >> 20) + 2 * LEAST_MB, free_mb(house.data)
    if need > have:
        raise Refused("upgrade.disk-full", "going back would need up to {need} MB, and {have} MB "
                      "are free", "make room on the server first", need=need, have=have)


def switch(house, state):
    """The new files, folders and containers; then what brings the data into their new form."""
    id_ = state["id"]
    with measured(state, "switch"):
        if not state["live"]:
            engine.stop(state["project"])
        note(house, state, "switched", touched=False, forgets=places.images_before(house, id_))
        places.swap(house, id_, {key: state[key] for key in ("token", "run", "at")})
        spec = house.platforms[id_]
        for name, volume in spec["volumes"].items():
            place = house.volume(id_, name)
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            settle_folder(place, volume)
        note(house, state, "switched", touched=True)
        if state["load"] and not state["live"]:
            restoring.return_to(house, id_, state["load"], closed)
        elif spec["starts"]:
            closed(house, id_)
    with measured(state, "migrate"):
        for step in spec["steps"] if state["way"] == "upgrade" else []:
            run_step(house, id_, step)
        if state["way"] == "upgrade":
            refuse_lost_members(spec, state)


def closed(house, id_):
    """Start it so that nobody gets in past the edge either."""
    if house.platforms[id_]["starts"]:
        live = house.platforms[id_]["live"]
        engine.up(house, id_, file=None if live else engine.without_ports(house, id_))


def run_step(house, id_, step):
    done = engine.compose(house, id_, "exec", "-T", step["service"], *step["command"],
                          check=False, timeout=6 * 3600)
    if done.returncode != 0:
        raise Refused("upgrade.step-failed", "{id}: {step}: {why}", id=id_, step=step["says"],
                      why=engine.last_words(done.stderr or done.stdout))


def refuse_lost_members(spec, state):
    """As many members as before are known to the new version."""
    before = state.get("members")
    found = dumps.members(spec["members"]) if spec["members"] and before is not None else before
    if found != before:
        raise Refused("upgrade.members-lost", "{before} members before, {found} afterwards",
                      before=before, found=found)


# -- the end, one way or the other -----------------------------------------------------------------

def commit(house, asked):
    """Somebody proved that it works: from here on it is what there is, and members come in."""
    with alone(house):
        state = state_of(house, asked["id"])
        if state is None or state["token"] != asked["token"] or state["phase"] != "trial":
            raise Refused("upgrade.too-late", "the upgrade of {id} was taken back already: nobody "
                          "said in time that it is good", "run the command again", id=asked["id"])
        note(house, state, "committed")
        return finish(house, state)


def finish(house, state):
    """What is left once it is committed; may be done again wherever it broke off."""
    id_ = state["id"]
    places.settle(house, id_)
    places.clear(places.older(house, id_))
    spec = house.platforms[id_]
    if spec["starts"] and not spec["live"]:
        engine.up(house, id_)
    closing.open_again(house, id_)
    drop_images(house, state["forgets"])
    (house.own / "run" / f"{id_}.compose.json").unlink(missing_ok=True)
    house.remember(upgrade={"id": id_, "at": stamp(now()), "outcome": "done"})
    state_file(house, id_).unlink()
    return {"closed": round(time.time() - state["closed_at"], 3)}


def back(house, asked):
    """Somebody found that it does not work: as before, with what was written before."""
    with alone(house):
        state = state_of(house, asked["id"])
        if state is None or state["token"] != asked["token"]:
            return {"closed": 0.0}
        took = take_back(house, state, words("{why}", why=str(asked.get("why", ""))[:300]))
        return {"closed": took}


def take_back(house, state, says):
    """All as before; may be done again wherever it broke off. How long the door was closed."""
    id_ = state["id"]
    try:
        if state["phase"] != "begun" or state["way"] == "rollback":
            undo(house, state)
        elif not state["live"]:
            engine.up(house, id_)
        closing.open_again(house, id_)
    except (Refused, OSError) as why:
        text = why.says["text"].format(**why.says["values"]) if isinstance(why, Refused) else (
            str(why)[:300])
        house.remember(trouble={"at": stamp(now()), "code": "upgrade.stuck", "says": words(
            "{id} could not be taken back to the version before: {why}", id=id_, why=text)})
        raise
    house.sweep()
    restoring.sweep(house)
    house.remember(upgrade={"id": id_, "at": stamp(now()), "outcome": "back", "says": says})
    state_file(house, id_).unlink()
    return round(time.time() - state["closed_at"], 3)


def undo(house, state):
    """The files, then the data where the other version had hands on them, then the containers."""
    id_, touched = state["id"], state.get("touched")
    if touched and not state["live"]:
        engine.stop(state["project"])
    places.swap_back(house, id_, state["token"])
    if state["way"] == "rollback":
        keep_for_rollback(house, state)
    else:
        places.clear(places.staged(house, id_))
    if touched and state["run"]:
        restoring.return_to(house, id_, state["run"], restoring.start)
    elif house.platforms[id_]["starts"]:
        engine.up(house, id_)


def keep_for_rollback(house, state):
    """The version before stays the version before, for another time."""
    there, place = places.staged(house, state["id"]), places.earlier(house, state["id"])
    if there.exists():
        write_json(str(there / places.MARK), state["mark"])
        places.clear(place)
        os.rename(there, place)


def settle(house, state):
    """End one that its own command left: forward where it was committed, else back."""
    if state["phase"] == "committed":
        finish(house, state)
    else:
        take_back(house, state, words("nobody said in time that it is good"))


def recover(house):
    """End all that were left; the platforms they were of."""
    ids = pending(house)
    if ids:
        with alone(house):
            for id_ in ids:
                state = state_of(house, id_)
                if state is not None:
                    settle(house, state)
    return ids


def drop_images(house, gone):
    """Take away images that no platform's version in use needs, nor the one before it."""
    kept = set()
    for id_ in house.deployed():
        for path in (places.receipt_file(house, id_), places.earlier(house, id_) / places.RECEIPT):
            kept |= set(read_json(path, {}).get("images", {}).values())
    for tag in sorted(set(gone) - kept):
        engine.run(["docker", "image", "rm", tag], check=False)
